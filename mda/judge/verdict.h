// SPDX-License-Identifier: MIT
// Evidence and policy to a verdict and its explanation. Pure: no I/O, no clock.
//
// A table, not a sum of magic numbers. Read from the top, the first line that fits decides:
//
//   proof of ours                                                   genuine
//   strong ours, and proof or strong of forged                      suspect (they contradict)
//   strong ours                                                     genuine
//   proof or strong of forged, and the history says ours            suspect
//   proof or strong of forged                                       backscatter
//   the history says ours, and another source says anything else    suspect
//   measured ours                                                   genuine
//   measured forged, and another source at least likely forged      backscatter
//   no hint of ours, and measured forged, or two that are likely    backscatter
//   no hint of ours, and two suspicions                             backscatter
//   likely or measured forged, or a suspicion                       suspect
//   anything less: hints, likely ours, or nothing at all            unknown
//
// Hints never add up: mail sent from a telephone misses the Sent folder and the usual Message-ID at
// once. They only hold back what suspicions, or one measurement, would have done.
//
// What the history shows ("likely", "measured") was counted: it is wrong in at most one case of
// five, of twenty, by the rule of three. Why its lines are safe:
// - One measurement condemns alone, because the user's correspondents tested that very thing sixty
//   times and more without a miss. A single hint that the mail is his (he wrote to that recipient)
//   is rarer among forged reports than that error, so it is enough to keep the report.
// - Two that agree were counted on different mail (answers to him; his posts that came back; what
//   came within two days), so their errors multiply: one in twenty times one in five is one in a
//   hundred. A hint does not outweigh that.
// - What is likely condemns nothing by itself. Two that are were counted on different mail, too:
//   ids of a new form in at most one case of ten, another way out in at most one of five. That is
//   one in fifty, and any hint outweighs it.
// - Suspicions are no measurements: a forwarder makes them cheap. They only count among themselves.
// - The history never outweighs what a setting says (strong), nor proof. But where it says ours,
//   nothing that was set makes Junk of it: a relay that nobody listed, a ledger that misses mail.
#pragma once

#include "evidence/finding.h"

#include <stdbool.h>

enum verdict {
    VERDICT_NONE = 0,
    VERDICT_GENUINE,
    VERDICT_BACKSCATTER,
    VERDICT_SUSPECT,
    VERDICT_UNKNOWN
};

// The verdict on an automatic message from COUNT findings, by the table of the manual.
enum verdict verdict_decide(const struct finding *findings, guint count);

// What stood behind it, as "source: fact; source: fact", those that decided first. Owned by the
// caller; "" when no source said anything.
char *verdict_explain(enum verdict verdict, const struct finding *findings, guint count);

const char *verdict_name(enum verdict verdict); // "backscatter" … Static.
bool verdict_parse(const char *name, enum verdict *verdict_r);
