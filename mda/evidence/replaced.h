// SPDX-License-Identifier: MIT
// Was the original sent under another Message-ID than the one that came back? Outlook.com, Amazon
// SES and others put one of their own in its place, behind whoever records what is sent.
#pragma once

#include "evidence/evidence.h"
#include "ledger/ledger.h"

enum replaced {
    REPLACED_UNKNOWN, // nothing speaks for it
    REPLACED_NEAR,    // a mail was sent to that very recipient within minutes of it
    REPLACED_ALIKE,   // a mail of that very Date and Subject was sent
    REPLACED_SURELY,  // both
};

// *WHAT_R says it in words: "a mail to bob@example.net was sent within minutes of it". Owned by the
// caller; not written for REPLACED_UNKNOWN. False with *err when LEDGER could not be asked.
bool replaced_find(const struct evidence_case *evidence_case, struct ledger *ledger,
                   enum replaced *replaced_r, char **what_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Fills in FINDING for a Message-ID, ID, that is missing where it was looked for (WHERE: "the
// ledger"), though REPLACED, in the words of WHAT.
void replaced_judge(const struct evidence_case *evidence_case, enum replaced replaced,
                    const char *what, const char *id, const char *where, struct finding *finding);
