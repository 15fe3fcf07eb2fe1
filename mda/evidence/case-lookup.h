// SPDX-License-Identifier: MIT
// Looking the original of a report up in what we sent: shared by ledger, sent folder,
// correspondent.
#pragma once

#include "evidence/evidence.h"
#include "ledger/ledger.h"

enum recipient_fit {
    FIT_UNKNOWN,   // no recipient was recorded, or the report names none
    FIT_FAILED,    // a failed recipient is one that the message was sent to
    FIT_MENTIONED, // such a one is mentioned elsewhere: an alias, a forward, or a replay
    FIT_NONE,      // none that is named anywhere
};

struct lookup {
    const char *id; // what was looked up last; borrowed from the report; NULL: nothing
    bool replaced;  // found under the id that it says it was sent with, not under the one it bears
    bool answered;  // id came from In-Reply-To or References of a reply
    bool direct;    // and it is the one that was answered, not one earlier in the same thread
    bool found;
    struct sent_record record;
    enum recipient_fit fit; // when found
    gint64 date_gap;        // seconds between the original's Date and the record; -1: not known
};

// Did source ID, asked before, say that the original is ours?
bool lookup_said_ours(const struct evidence_case *evidence_case, enum evidence_id id);

// False with *err when LEDGER could not be asked.
bool lookup_original(const struct evidence_case *evidence_case, struct ledger *ledger,
                     struct lookup *lookup_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Fills in FINDING for a message that was found. COMPLETE: the ledger is said to know all
// recipients. WHERE: "the ledger".
void lookup_judge(const struct lookup *lookup, bool complete, const char *where,
                  struct finding *finding);

// When the report arrived, in Unix seconds: now, unless it is old mail that is judged again.
gint64 lookup_arrival(const struct evidence_case *evidence_case);

// Could the original be a message that was sent while EXTENT reached? A report on one from before
// it began, or from a gap, proves nothing.
bool lookup_is_covered(const struct evidence_case *evidence_case,
                       const struct ledger_extent *extent);

// The addresses that did not get the original: Final- and Original-Recipient; for a reply or a
// challenge its author. Folded; char *, owned by the array.
GPtrArray *lookup_failed(const struct evidence_case *evidence_case);

// Does the report answer, by program, the mail of whom it is sent to: a reply, a challenge, a
// receipt?
bool lookup_is_reply(const struct evidence_case *evidence_case);

// Every other address that the report and the returned header mention, and the one that a
// variable envelope return path encodes.
GPtrArray *lookup_mentioned(const struct evidence_case *evidence_case);

// Did a mail server of ours, not a person, write the original, going by its sender and Message-ID?
bool lookup_is_from_daemon(const struct evidence_case *evidence_case);

// Is what came back of ours (a tag, a stamp) likely a copy? Whoever got a mail of ours has it. True
// when the trail, asked before, shows that none of our hosts handed the original over, and the
// ledger does not know it as sent to the failed recipient, or cannot tell and he is not among its
// addressees.
bool lookup_is_copied(const struct evidence_case *evidence_case);

// The original's Date in Unix seconds; 0: not known.
gint64 lookup_date(const struct report *report);
