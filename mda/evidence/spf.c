// SPDX-License-Identifier: MIT
// Does our own SPF record allow the host that handed the original to the reporting side (RFC 7208)?
//
// Design rationale
// - The record is asked for the domain to which the report was sent: that was the envelope sender.
// - A forwarder is none of our hosts. So the trail is read as for our relays: the first host that
//   passes counts by how the mail got from there to the reporting side.
// - Only "-all" speaks against a report. Everything else, and every failure of DNS, says nothing.
// - What our own host took from a client of its own is no handover. What a smarthost took from our
//   host is one, though our host logged in there.
#include "evidence/spf.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/handover.h"
#include "evidence/identity.h"
#include "ledger/state.h"

#include <string.h>

// Different hosts of one trail that are asked about.
#define HOSTS_MAX 4
#define CACHE_SECONDS 3600

struct spf_search {
    const struct evidence_case *evidence_case;
    const struct spf_api *spf;
    struct state *state; // or NULL: nothing is remembered
    char *sender;
    const char *domain;
    char **domains;
    guint asked;
    bool failed; // DNS did not answer in time, or libspf2 could not be had
    char *newest_result;
};

static char *recall(struct spf_search *search, const char *question)
{
    struct db_statement *statement;
    bool row;
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time() / G_USEC_PER_SEC);
    if (!search->state ||
        !state_prepare(search->state, &statement, NULL,
                       "SELECT answer FROM spf WHERE question = ?1 AND until > CAST(?2 AS INTEGER)",
                       question, now, NULL) ||
        !search->state->api->step(statement, &row, NULL) || !row)
        return NULL;
    return g_strdup(search->state->api->column_text(statement, 0));
}

static void remember(struct spf_search *search, const char *question, const char *answer)
{
    struct db_statement *statement;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (!search->state)
        return;
    if (state_prepare(search->state, &statement, NULL, "DELETE FROM spf WHERE until < ?1", NULL)) {
        search->state->api->bind_int(statement, 1, now);
        (void)!state_run(search->state, statement, NULL);
    }
    if (state_prepare(search->state, &statement, NULL,
                      "INSERT OR REPLACE INTO spf (question, answer, until) VALUES (?1, ?2, ?3)",
                      question, answer, NULL)) {
        search->state->api->bind_int(statement, 3, now + CACHE_SECONDS);
        (void)!state_run(search->state, statement, NULL);
    }
}

// The result for a client at ADDRESS, or NULL when it could not be had. Owned by the caller.
static char *result_for(struct spf_search *search, const char *address, const char *helo)
{
    g_autofree char *question = g_strdup_printf("%s %s", address, search->sender);
    char *known = recall(search, question);
    if (known)
        return known;
    if (search->asked++ >= HOSTS_MAX || deadline_passed(&search->evidence_case->deadline))
        return NULL;
    g_autoptr(GError) err = NULL;
    if (!search->spf)
        search->spf = (const struct spf_api *)module_load("spf", &err);
    const char *result;
    if (!search->spf ||
        !search->spf->check(address, helo, search->sender,
                            conf_string(search->evidence_case->conf, CONF_DNS_SERVER),
                            search->evidence_case->deadline, &result, &err)) {
        search->failed = true;
        return NULL;
    }
    if (strcmp(result, "temperror") == 0)
        return NULL;
    remember(search, question, result);
    return g_strdup(result);
}

static bool is_own_intake(const struct spf_search *search, const struct received_hop *hop)
{
    for (char **domain = search->domains; hop->by && *domain; domain++) {
        if (domain_related(hop->by, **domain == '.' ? *domain + 1 : *domain))
            return true;
    }
    return false;
}

static bool passes(const struct received_hop *hop, gpointer data)
{
    struct spf_search *search = data;
    struct ip_address address;
    if (!ip_parse(hop->address, &address) || is_own_intake(search, hop))
        return false;
    g_autofree char *text = ip_text(&address);
    g_autofree char *result = result_for(search, text, hop->from);
    return result && strcmp(result, "pass") == 0;
}

// The envelope sender of the original: where the report went to.
static bool find_sender(struct spf_search *search)
{
    const struct report *report = search->evidence_case->report;
    g_autoptr(GPtrArray) addressees = identity_addressees(search->evidence_case);
    const char *path = report->original.return_path;
    if (path && strchr(path, '@') &&
        domain_among(text_domain_of(path), (const char *const *)search->domains))
        search->sender = address_untagged(path);
    else if (addressees->len > 0)
        search->sender = address_untagged(g_ptr_array_index(addressees, 0));
    search->domain = text_domain_of(search->sender);
    return search->domain != NULL;
}

static void judge_stranger(struct spf_search *search, const struct handover *handover,
                           struct finding *finding)
{
    const struct received_hop *newest = handover->newest;
    struct ip_address address;
    if (!newest || !ip_parse(newest->address, &address) || hop_is_submission(newest) ||
        is_own_intake(search, newest)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no host that handed it over is named");
        return;
    }
    g_autofree char *text = ip_text(&address);
    g_autofree char *result = result_for(search, text, newest->from);
    // Behind a forwarder that takes mail under another name than it sends under stands a host that
    // may send.
    const bool whole =
        search->evidence_case->report->original.full && handover->kind != HANDOVER_BROKEN;
    if (result && strcmp(result, "fail") == 0)
        finding_set(finding, SAYS_FORGED, whole ? WEIGHT_STRONG : WEIGHT_HINT,
                    "%s may not send for %s (SPF fail)", text, search->domain);
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "SPF of %s for %s: %s", search->domain,
                    text, result ? result : "no answer in time");
}

static void judge_pass(const struct spf_search *search, const struct handover *handover,
                       struct finding *finding)
{
    g_autofree char *client = hop_client(handover->hop);
    const bool near = handover->kind == HANDOVER_DIRECT || handover->kind == HANDOVER_FORWARDED;
    finding_set(finding, SAYS_OURS, near ? WEIGHT_STRONG : WEIGHT_HINT,
                near ? "%s may send for %s (SPF pass)"
                     : "%s may send for %s, but stands behind a host that may not",
                client, search->domain);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct report *report = evidence_case->report;
    if (report->original.received->len == 0) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no Received line came back");
        return;
    }
    g_auto(GStrv) domains = identity_domains(evidence_case);
    struct spf_search search = {.evidence_case = evidence_case, .domains = domains};
    g_autofree char *sender = NULL;
    if (!find_sender(&search)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the envelope sender is not known");
        return;
    }
    sender = search.sender;
    g_autoptr(State) state = NULL;
    if (state_open(evidence_case->conf, evidence_case->deadline, &state, NULL))
        search.state = state;
    const struct handover handover = handover_find(evidence_case, passes, &search);
    if (handover.hop && handover.kind != HANDOVER_BROKEN && handover.kind != HANDOVER_MADE_UP)
        judge_pass(&search, &handover, finding);
    else
        judge_stranger(&search, &handover, finding);
}

const struct evidence_source evidence_spf = {.name = "spf", .look = look};
