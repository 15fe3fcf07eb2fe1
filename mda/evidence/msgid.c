// SPDX-License-Identifier: MIT
// Does the original's Message-ID look like ours?
//
// Design rationale
// - A configured pattern is the admin's word that our servers always write it: strong both ways.
// - A Message-ID that another server writes because the original had none looks like that server's.
//   Relays do so. Such a one is not held against the report when the reporting side's own name
//   stands in it.
// - A pattern learnt from the Sent folder (the domains behind the @ that the user's own mail bears)
//   is a guess about the next program that the user will send with, so it is a hint.
#include "base/address.h"
#include "base/regex.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "ledger/sentfolder.h"

#include <string.h>

#define SHOWN_BYTES 80

static const char *id_domain(const char *message_id)
{
    return text_domain_of(message_id);
}

// Was the Message-ID written by the side that reports, for want of one?
static bool is_the_reporters(const struct report *report)
{
    g_autofree char *domain = g_strdup(id_domain(report->original.message_id));
    if (!domain)
        return false;
    domain[strcspn(domain, ">")] = '\0';
    return domain_related(domain, report->reporting_mta);
}

static void by_pattern(const char *pattern, const struct report *report, struct finding *finding)
{
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
    else if (is_the_reporters(report))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s was written by the reporting side",
                    shown);
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG, "%s is not written as ours are", shown);
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
        by_pattern(pattern, evidence_case->report, finding);
    else
        by_learning(evidence_case, finding);
}

const struct evidence_source evidence_msgid = {.name = "msgid", .look = look};
