// SPDX-License-Identifier: MIT
// Is the original among the messages that we recorded as sent?
//
// Design rationale
// - Absence proves something only when the admin says that the ledger is complete, it could be
//   read, it is not empty, and it reaches back to the original's Date.
// - What our own mail server wrote (a report of its own that could not be delivered) passes no
//   recorder, so its absence says nothing.
// - Nor does it say much that a reply refers to an id of its author's own domain, or of the service
//   that writes for him: that is a thread of his, whatever began it.
// - Nor when a mail to the same recipient was sent in those minutes, or one of the same Date and
//   Subject: then the Message-ID was replaced behind the recorder. The folder of sent mail, asked
//   before, may know that too.
// - A ledger that cannot be had says nothing.
#include "ledger/ledger.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"
#include "evidence/providers.h"
#include "evidence/replaced.h"

#define ID_SHOWN_BYTES 90

// Ticket systems refer to what they wrote before, under ids of their own: of the author's domain,
// or of the service that writes for him, whose name the reply's own Message-ID and return path
// bear. At a provider's name many write who have nothing to do with each other.
static bool is_of_answering_side(const struct evidence_case *evidence_case, const char *id)
{
    static const char *const fields[] = {"From", "Message-ID", "Return-Path"};
    g_autofree char *domain = g_strdup(text_domain_of(id));
    if (!domain)
        return false;
    domain[strcspn(domain, ">")] = '\0';
    g_autoptr(Providers) providers = providers_load(evidence_case->conf, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (i > 0 && providers_of(providers, domain))
            return false;
        g_autofree char *value = message_header(evidence_case->message, fields[i], 0);
        g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func(g_free);
        address_scan(value, 1, named);
        if (named->len > 0 && domain_related(domain, text_domain_of(g_ptr_array_index(named, 0))))
            return true;
    }
    return false;
}

// A stranger's letter that left through our relays with one of us as envelope sender: redirected by
// an agent that records nothing, or made up. What the trail says decides.
static bool is_passed_on(const struct evidence_case *evidence_case)
{
    const char *from = evidence_case->report->original.from;
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(from, 1, authors);
    return authors->len > 0 && lookup_said_ours(evidence_case, EVIDENCE_trail) &&
           !identity_is_ours(evidence_case, g_ptr_array_index(authors, 0));
}

static void judge_missing(const struct evidence_case *evidence_case, const struct lookup *lookup,
                          const struct ledger_extent *extent, struct finding *finding)
{
    g_autofree char *id = text_printable(lookup->id, -1, ID_SHOWN_BYTES);
    if (extent->messages == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the ledger is empty");
    else if (!conf_bool(evidence_case->conf, CONF_LEDGER_COMPLETE))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is not among %" G_GINT64_FORMAT " sent, of which the ledger may lack some",
                    id, extent->messages);
    else if (!lookup_is_covered(evidence_case, extent))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is from before the ledger began or after it forgot", id);
    else if (lookup_said_ours(evidence_case, EVIDENCE_sentfolder))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s is not in the ledger, but the folder of sent mail knows of it", id);
    else if (lookup_is_from_daemon(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s was written by a mail server, not recorded", id);
    else if (lookup->answered && lookup_is_reply(evidence_case) &&
             is_of_answering_side(evidence_case, lookup->id))
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT,
                    "%s not among %" G_GINT64_FORMAT " sent, but may be the answering side's own",
                    id, extent->messages);
    else if (is_passed_on(evidence_case))
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG,
                    "%s not among %" G_GINT64_FORMAT " sent, but may be a stranger's, passed on",
                    id, extent->messages);
    else
        finding_set(finding, SAYS_FORGED, lookup->answered ? WEIGHT_STRONG : WEIGHT_PROOF,
                    "%s not among %" G_GINT64_FORMAT " sent", id, extent->messages);
}

static bool ask(const struct evidence_case *evidence_case, struct finding *finding, GError **err)
{
    struct ledger *ledger;
    struct lookup lookup;
    if (!evidence_ledger_open(evidence_case, &ledger, err) ||
        !lookup_original(evidence_case, ledger, &lookup, err))
        return false;
    if (lookup.found) {
        lookup_judge(&lookup, conf_bool(evidence_case->conf, CONF_LEDGER_COMPLETE), "the ledger",
                     finding);
        return true;
    }
    struct ledger_extent extent;
    enum replaced replaced;
    g_autofree char *what = NULL;
    if (!ledger_extent(ledger, &extent, err) ||
        !replaced_find(evidence_case, ledger, &replaced, &what, err))
        return false;
    if (replaced != REPLACED_UNKNOWN)
        replaced_judge(evidence_case, replaced, what, lookup.id, "the ledger", finding);
    else
        judge_missing(evidence_case, &lookup, &extent, finding);
    return true;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GError) err = NULL;
    if (!original->message_id && original->references->len == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no Message-ID came back");
    else if (!ask(evidence_case, finding, &err))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s",
                    g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE) ? "there is no ledger yet"
                                                                    : err->message);
}

const struct evidence_source evidence_ledger = {.name = "ledger", .look = look};
