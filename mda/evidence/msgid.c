// SPDX-License-Identifier: MIT
// Does the original's Message-ID look like ours?
//
// Design rationale
// - A configured pattern is the admin's word that our servers always write it: strong both ways.
// - A Message-ID that another server writes because the original had none looks like that server's.
//   Relays do so. Such a one is not held against the report when the reporting side's own name
//   stands in it, nor when a provider that relays mail brought it and stands in it.
// - A pattern learnt from the Sent folder (the domains behind the @ that the user's own mail bears)
//   is a guess about the next program that the user will send with, so it is a hint.
#include "base/address.h"
#include "base/regex.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/providers.h"
#include "ledger/sentfolder.h"

#include <string.h>

#define SHOWN_BYTES 80

static const char *id_domain(const char *message_id)
{
    return text_domain_of(message_id);
}

// Was the Message-ID written by the side that reports, for want of one?
static bool is_the_reporters(const struct report *report, const char *domain)
{
    return domain_related(domain, report->reporting_mta);
}

// Was it written by a provider that relays mail, whose host then handed the original over? The
// newest line says who did, written by the side that took it.
static bool is_a_relays(const struct evidence_case *evidence_case, const char *domain)
{
    const GPtrArray *trail = evidence_case->report->original.received;
    const struct received_hop *newest = trail->len > 0 ? g_ptr_array_index(trail, 0) : NULL;
    g_autoptr(Providers) providers = providers_load(evidence_case->conf, NULL);
    const char *provider = providers_of(providers, domain);
    return provider && newest &&
           g_strcmp0(provider,
                     providers_of(providers, newest->name ? newest->name : newest->from)) == 0;
}

static void judge_other(const struct evidence_case *evidence_case, const char *shown,
                        struct finding *finding)
{
    const struct report *report = evidence_case->report;
    g_autofree char *domain = g_strdup(id_domain(report->original.message_id));
    if (domain)
        domain[strcspn(domain, ">")] = '\0';
    if (is_the_reporters(report, domain))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s was written by the reporting side",
                    shown);
    else if (is_a_relays(evidence_case, domain))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s was written by who relayed it", shown);
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG, "%s is not written as ours are", shown);
}

static bool any_matches(const struct regex *regex, const GPtrArray *ids)
{
    for (guint i = 0; i < ids->len; i++) {
        const char *id = g_ptr_array_index(ids, i);
        if (regex_search(regex, id, strlen(id), 0, NULL, 0) == REGEX_YES)
            return true;
    }
    return false;
}

static void by_pattern(const char *pattern, const struct evidence_case *evidence_case,
                       struct finding *finding)
{
    const struct report *report = evidence_case->report;
    g_autoptr(Regex) regex = NULL;
    g_autoptr(GError) err = NULL;
    if (!regex_compile(pattern, -1, REGEX_CASELESS, &regex, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "identity.message-id: %s", err->message);
        return;
    }
    const char *id = report->original.message_id;
    g_autofree char *shown = text_printable(id, -1, SHOWN_BYTES);
    const enum regex_result result = regex_search(regex, id, strlen(id), 0, NULL, 0);
    if (result == REGEX_LIMIT)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the pattern took too long on %s", shown);
    else if (result == REGEX_YES)
        finding_set(finding, SAYS_OURS, WEIGHT_STRONG, "%s is written as ours are", shown);
    else if (any_matches(regex, report->original.replaced_ids))
        finding_set(finding, SAYS_OURS, WEIGHT_STRONG, "%s was put in place of one of ours", shown);
    else
        judge_other(evidence_case, shown, finding);
}

static void by_learning(const struct evidence_case *evidence_case, struct finding *finding)
{
    const char *id = evidence_case->report->original.message_id;
    g_autofree char *domain = g_strdup(id_domain(id));
    guint same = 0, all = 0;
    if (domain)
        domain[strcspn(domain, ">")] = '\0';
    if (!domain || !*domain ||
        !sentfolder_learnt(evidence_case->conf, domain, evidence_case->deadline, &same, &all)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "identity.message-id is not set, and too little sent mail to learn it from");
        return;
    }
    g_autofree char *shown = text_printable(domain, -1, SHOWN_BYTES);
    if (same > 0)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "@%s is in %u of %u Message-IDs sent", shown,
                    same, all);
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT, "@%s is in none of %u Message-IDs sent",
                    shown, all);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    if (!evidence_case->report->original.message_id) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no Message-ID came back");
        return;
    }
    const char *pattern = conf_string(evidence_case->conf, CONF_IDENTITY_MESSAGE_ID);
    if (*pattern)
        by_pattern(pattern, evidence_case, finding);
    else
        by_learning(evidence_case, finding);
}

const struct evidence_source evidence_msgid = {.name = "msgid", .look = look};
