// SPDX-License-Identifier: MIT
// Is the original in the user's folder of sent mail? The source for one user who can change nothing
// on the mail server.
//
// Design rationale
// - Found is proof. What is not found by its id may have been given another one on its way: then
//   its Date and Subject are in the folder.
// - Not found is a hint: a telephone, or another program, may keep its copy elsewhere or none. How
//   often that happens is measured by the answers that he gets (ledger/learnt.h): each names a mail
//   of his. Not one of n lacked: at most three in n of his mails are missing.
// - What was sent lately may not be there yet: a copy lies on a machine that is off, while a report
//   comes at once. And where one copy in ten lacks, it is on these mails that reports name an id
//   which the folder lacks: such absence is a hint. Neither matters where no mail of his ever bore
//   an id of such a form.
// - A server writes a Message-ID where there is none. His mail has one, as answers show that name
//   it; so an id in the name of the reporting side excuses nothing here.
// - The index is brought up to date first, within a part of the time that all sources share.
#include "ledger/sentfolder.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"
#include "evidence/replaced.h"
#include "ledger/learnt.h"

#define MESSAGES_PER_RUN 2000
#define ID_SHOWN_BYTES 90
// Servers try for five days, and machines are off over a weekend.
#define RECENT_SECONDS (7 * 24 * 3600)
// What "measured" and "likely" promise (evidence/finding.h).
#define MEASURED_BOUND 0.05
#define LIKELY_BOUND 0.1

static struct deadline part_of(const struct deadline *deadline)
{
    return deadline_sooner(*deadline, deadline_in(deadline_left(deadline) / 3));
}

// A program that answers may refer to its own mail, under an id of the answering side.
static bool is_the_answerers(const struct evidence_case *evidence_case, const char *id)
{
    g_autofree char *domain = g_strdup(text_domain_of(id));
    if (!domain)
        return true;
    domain[strcspn(domain, ">")] = '\0';
    g_autofree char *from = message_header(evidence_case->message, "From", 0);
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(from, 1, authors);
    return authors->len == 0 || domain_related(domain, text_domain_of(authors->pdata[0]));
}

// Whose history tells: that of the original's author, or of the address that the report came to.
static char *account_of(const struct evidence_case *evidence_case, struct state *state)
{
    const char *author = evidence_case->report->original.from;
    g_autoptr(GPtrArray) addressees = identity_addressees(evidence_case);
    char *account = author ? learnt_account(state, author) : NULL;
    for (guint i = 0; i < addressees->len && !account; i++)
        account = learnt_account(state, g_ptr_array_index(addressees, i));
    return account;
}

// Could the copy be on its way to the folder yet?
static bool is_recent(const struct evidence_case *evidence_case)
{
    const gint64 date = lookup_date(evidence_case->report);
    return date == 0 || date > g_get_real_time() / G_USEC_PER_SEC - RECENT_SECONDS;
}

static void say_measured(const struct learnt_absence *absence, enum weight weight, const char *id,
                         struct finding *finding)
{
    g_autofree char *shown = text_printable(id, -1, ID_SHOWN_BYTES);
    g_autofree char *misses =
        absence->misses ? g_strdup_printf("%u", absence->misses) : g_strdup("none");
    if (absence->question == LEARNT_KEPT)
        finding_set(finding, SAYS_FORGED, weight,
                    "%s is not in your folder of sent mail, and %s of %u answers named a mail that "
                    "it lacks",
                    shown, misses, absence->tests);
    else
        finding_set(finding, SAYS_FORGED, weight,
                    "no mail of yours bears an id like %s: %s of %u answers named one of a form "
                    "that was new",
                    shown, misses, absence->tests);
}

// What the history says of an id that the folder lacks.
static void judge_absent(const struct evidence_case *evidence_case, const struct lookup *lookup,
                         const struct ledger_extent *extent, struct finding *finding)
{
    g_autofree char *shown = text_printable(lookup->id, -1, ID_SHOWN_BYTES);
    g_autoptr(State) state = NULL;
    g_autofree char *account = NULL;
    struct learnt_absence absence;
    finding_set(finding, SAYS_FORGED, WEIGHT_HINT,
                "%s is not in the folder of sent mail (%" G_GINT64_FORMAT " messages)", shown,
                extent->messages);
    if (!conf_bool(evidence_case->conf, CONF_LEARN_ENABLED) ||
        lookup_is_from_daemon(evidence_case) ||
        (lookup->answered && is_the_answerers(evidence_case, lookup->id)) ||
        !state_open(evidence_case->conf, evidence_case->deadline, &state, NULL) ||
        !(account = account_of(evidence_case, state)) ||
        !learnt_absence(state, account, lookup->id, g_get_real_time() / G_USEC_PER_SEC, &absence,
                        NULL) ||
        absence.question == LEARNT_NOTHING)
        return;
    const bool kept = absence.question == LEARNT_KEPT;
    if (kept && !lookup_is_covered(evidence_case, extent))
        return;
    if (absence.bound <= MEASURED_BOUND && absence.settled && !(kept && is_recent(evidence_case)))
        say_measured(&absence, WEIGHT_MEASURED, lookup->id, finding);
    else if (absence.bound <= LIKELY_BOUND && !kept)
        say_measured(&absence, WEIGHT_LIKELY, lookup->id, finding);
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
        replaced_judge(evidence_case, replaced, what, lookup.id, "the folder of sent mail",
                       finding);
    else if (!sentfolder->whole || extent.messages == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is not among %" G_GINT64_FORMAT " indexed so far", id, extent.messages);
    else
        judge_absent(evidence_case, &lookup, &extent, finding);
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
