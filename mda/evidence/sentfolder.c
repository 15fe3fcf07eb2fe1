// SPDX-License-Identifier: MIT
// Is the original in the user's folder of sent mail? The source for one user who can change nothing
// on the mail server.
//
// Design rationale
// - Found is proof. Not found is a hint: a telephone, or another program, may keep its copy
//   elsewhere or none.
// - The index is brought up to date first, within a part of the time that all sources share.
#include "ledger/sentfolder.h"

#include "base/error.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/lookup.h"
#include "evidence/replaced.h"

#define MESSAGES_PER_RUN 2000
#define ID_SHOWN_BYTES 90

static struct deadline part_of(const struct deadline *deadline)
{
    return deadline_sooner(*deadline, deadline_in(deadline_left(deadline) / 3));
}

static bool ask(const struct evidence_case *evidence_case, struct finding *finding, GError **err)
{
    g_autoptr(SentFolder) sentfolder = NULL;
    struct lookup lookup;
    struct ledger_extent extent;
    enum replaced replaced = REPLACED_UNKNOWN;
    g_autofree char *what = NULL;
    if (!sentfolder_open(evidence_case->conf, MESSAGES_PER_RUN, part_of(&evidence_case->deadline),
                         &sentfolder, err) ||
        !lookup_original(evidence_case, sentfolder->ledger, &lookup, err) ||
        !ledger_extent(sentfolder->ledger, &extent, err) ||
        (!lookup.found && !replaced_find(evidence_case, sentfolder->ledger, &replaced, &what, err)))
        return false;
    g_autofree char *id = text_printable(lookup.id, -1, ID_SHOWN_BYTES);
    if (lookup.found)
        lookup_judge(&lookup, false, "the folder of sent mail", finding);
    else if (replaced != REPLACED_UNKNOWN)
        replaced_judge(replaced, what, lookup.id, "the folder of sent mail", finding);
    else if (!sentfolder->whole || extent.messages == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is not among %" G_GINT64_FORMAT " indexed so far", id, extent.messages);
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT,
                    "%s is not in the folder of sent mail (%" G_GINT64_FORMAT " messages)", id,
                    extent.messages);
    return true;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GError) err = NULL;
    if (!original->message_id && original->references->len == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no Message-ID came back");
    else if (!ask(evidence_case, finding, &err))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
}

const struct evidence_source evidence_sentfolder = {.name = "sent-folder", .look = look};
