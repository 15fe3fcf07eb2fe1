// SPDX-License-Identifier: MIT
// Did this site or user really send the original? One source a file; evidence-list.h names them.
// A source that does not know says nothing: a locked database, a DNS timeout or a missing header
// can never move a message to Junk.
#pragma once

#include "base/clock.h"
#include "bounce/report.h"
#include "conf/conf.h"
#include "evidence/evidence-list.h"
#include "evidence/finding.h"
#include "ledger/ledger.h"
#include "message/envelope.h"
#include "message/message.h"

enum evidence_id {
#define X(name) EVIDENCE_##name,
    EVIDENCE_LIST(X)
#undef X
        EVIDENCE_COUNT
};

// What a source may look at.
struct evidence_case {
    const struct message *message;
    const struct envelope *envelope;
    const struct report *report;
    const struct conf *conf;
    struct deadline deadline;       // shared by all sources
    bool rehearsal;                 // somebody only asks: that must not sway later verdicts
    const GArray *findings;         // struct finding: what the sources before this one said; set by
                                    // evidence_collect
    struct evidence_ledger *ledger; // set by evidence_collect: see evidence_ledger_open
    char **trouble_r; // or NULL: why the ledger could not be asked although there should be one is
                      // written there, owned by the caller
};

// The sent-ledger, opened for the first source that asks and then shared by all, asked on behalf of
// those whose mail this is. Borrowed from EVIDENCE_CASE. False with *err, each time the same.
bool evidence_ledger_open(const struct evidence_case *evidence_case, struct ledger **ledger_r,
                          GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same for the index of the user's folder of sent mail.
bool evidence_index_open(const struct evidence_case *evidence_case, struct ledger **index_r,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;

// What source ID said, when it was asked before; NULL: it was not. Borrowed.
const struct finding *evidence_said(const struct evidence_case *evidence_case, enum evidence_id id);

struct evidence_source {
    const char *name;
    // Fills in *FINDING (which arrives as "nothing") for CASE.
    void (*look)(const struct evidence_case *evidence_case, struct finding *finding);
    bool costs_nothing; // asked even when the time was spent
    bool of_report;     // what it suspects it reads off the report: true of one on anyone's mail
};

// The names of all sources, as findings and evidence.disabled have them, in the order in which they
// are asked; NULL-terminated. Static.
const char *const *evidence_names(void);

// Asks every source that is not disabled, in the order of evidence-list.h. The array holds struct
// finding, one for each source asked, those that say nothing too. Owned by the caller.
GArray *evidence_collect(const struct evidence_case *evidence_case);
