// SPDX-License-Identifier: MIT
// Whom is a report about? This comes first: mail of a second account may be forwarded or fetched
// here, and what is known of our own sending says nothing about it. A report that was ordered is
// about forged mail by nature.
#pragma once

#include "evidence/evidence.h"

enum concern {
    CONCERN_OURS,    // sent, at its origin, to us, or about mail with our envelope sender
    CONCERN_AUTHOR,  // only the original's From is ours: it was sent through another account
    CONCERN_OTHERS,  // about mail of another account
    CONCERN_ORDERED, // a feedback report to an address that asks for such
};

// *WHOSE_R (owned by the caller) is the account that it is about; NULL for CONCERN_OURS.
enum concern concern_find(const struct evidence_case *evidence_case, char **whose_r);

// Takes back what FINDING says against a report that is not about mail of ours: nothing is left of
// it, of CONCERN_AUTHOR a hint. OF_REPORT: its source reads suspicions off the report alone, and
// may suspect one on anyone's mail.
void concern_settle(enum concern concern, const char *whose, bool of_report,
                    struct finding *finding);
