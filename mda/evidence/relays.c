// SPDX-License-Identifier: MIT
#include "evidence/relays.h"

#include "base/text.h"
#include "evidence/identity.h"
#include "evidence/relays-spf.h"
#include "ledger/learnt.h"
#include "ledger/state.h"

#include <string.h>

static bool is_network(const char *entry)
{
    struct ip_address address;
    g_autofree char *base = g_strndup(entry, strcspn(entry, "/"));
    return ip_parse(base, &address);
}

static void add_all(struct relays *relays, const char *const *entries)
{
    for (; *entries; entries++)
        g_ptr_array_add(is_network(*entries) ? relays->networks : relays->names,
                        g_strdup(*entries));
}

// How long what DNS said of our networks is believed.
#define LEARNT_SECONDS 3600
#define DOMAINS_MAX 5

static char *recall(struct state *state, const char *question)
{
    struct db_statement *statement;
    bool row;
    if (!state_prepare(state, &statement, NULL,
                       "SELECT answer FROM spf WHERE question = ?1 AND until > ?2", question, NULL))
        return NULL;
    state->api->bind_int(statement, 2, g_get_real_time() / G_USEC_PER_SEC);
    return state->api->step(statement, &row, NULL) && row
               ? g_strdup(state->api->column_text(statement, 0))
               : NULL;
}

static void remember(struct state *state, const char *question, const char *answer)
{
    struct db_statement *statement;
    if (!state_prepare(state, &statement, NULL,
                       "INSERT OR REPLACE INTO spf (question, answer, until) VALUES (?1, ?2, ?3)",
                       question, answer, NULL))
        return;
    state->api->bind_int(statement, 3, g_get_real_time() / G_USEC_PER_SEC + LEARNT_SECONDS);
    (void)!state_run(state, statement, NULL);
}

static void learn_domain(const struct evidence_case *evidence_case, struct state *state,
                         const char *domain, struct relays *relays)
{
    g_autofree char *question = g_strconcat("networks ", domain, NULL);
    g_autofree char *answer = state ? recall(state, question) : NULL;
    if (!answer) {
        g_autoptr(GPtrArray) networks = g_ptr_array_new_with_free_func(g_free);
        relays_from_spf(domain, conf_string(evidence_case->conf, CONF_DNS_SERVER),
                        evidence_case->deadline, networks);
        // What was cut short by the deadline is not kept.
        const bool keep = state && networks->len > 0 && !deadline_passed(&evidence_case->deadline);
        g_ptr_array_add(networks, NULL);
        answer = g_strjoinv(" ", (char **)networks->pdata);
        if (keep)
            remember(state, question, answer);
    }
    g_auto(GStrv) networks = g_strsplit(answer, " ", -1);
    for (char **network = networks; *network; network++) {
        if (**network)
            g_ptr_array_add(relays->networks, g_strdup(*network));
    }
}

static void learn(const struct evidence_case *evidence_case, struct relays *relays)
{
    g_autoptr(State) state = NULL;
    g_auto(GStrv) domains = identity_domains(evidence_case);
    (void)!state_open(evidence_case->conf, evidence_case->deadline, &state, NULL);
    for (guint i = 0; domains[i] && i < DOMAINS_MAX; i++)
        learn_domain(evidence_case, state, domains[i] + (domains[i][0] == '.'), relays);
}

struct relays *relays_new(const struct evidence_case *evidence_case)
{
    struct relays *relays = g_new0(struct relays, 1);
    relays->names = g_ptr_array_new_with_free_func(g_free);
    relays->networks = g_ptr_array_new_with_free_func(g_free);
    add_all(relays, conf_list(evidence_case->conf, CONF_IDENTITY_RELAYS));
    add_all(relays, conf_list(evidence_case->conf, CONF_IDENTITY_NETWORKS));
    if (conf_bool(evidence_case->conf, CONF_IDENTITY_NETWORKS_FROM_SPF))
        learn(evidence_case, relays);
    return relays;
}

struct relays *relays_learnt(const struct evidence_case *evidence_case)
{
    struct relays *relays = g_new0(struct relays, 1);
    relays->names = g_ptr_array_new_with_free_func(g_free);
    relays->networks = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(State) state = NULL;
    if (!conf_bool(evidence_case->conf, CONF_LEARN_ENABLED) ||
        !state_open(evidence_case->conf, evidence_case->deadline, &state, NULL))
        return relays;
    guint strange;
    g_autoptr(GPtrArray) organisations =
        learnt_relays(state, g_get_real_time() / G_USEC_PER_SEC, &relays->posts, &strange);
    for (guint i = 0; i < organisations->len; i++) {
        const char *organisation = g_ptr_array_index(organisations, i);
        g_ptr_array_add(relays->names, g_strdup(organisation));
        g_ptr_array_add(relays->names, g_strconcat("*.", organisation, NULL));
    }
    relays->steady = strange == 0;
    return relays;
}

void relays_free(struct relays *relays)
{
    if (!relays)
        return;
    g_ptr_array_unref(relays->names);
    g_ptr_array_unref(relays->networks);
    g_free(relays);
}

bool relays_empty(const struct relays *relays)
{
    return relays->names->len == 0 && relays->networks->len == 0;
}

bool relays_hold_name(const struct relays *relays, const char *name)
{
    for (guint i = 0; i < relays->names->len; i++) {
        if (text_glob(g_ptr_array_index(relays->names, i), name))
            return true;
    }
    return false;
}

bool relays_have_sibling(const struct relays *relays, const char *name)
{
    for (guint i = 0; i < relays->names->len; i++) {
        const char *listed = g_ptr_array_index(relays->names, i);
        if (domain_related(listed + (g_str_has_prefix(listed, "*.") ? 2 : 0), name))
            return true;
    }
    return false;
}

bool relays_hold_address(const struct relays *relays, const struct ip_address *address)
{
    for (guint i = 0; i < relays->networks->len; i++) {
        if (ip_in_network(address, g_ptr_array_index(relays->networks, i)))
            return true;
    }
    return false;
}

bool relays_report(const struct evidence_case *evidence_case)
{
    const char *reporter = evidence_case->report->reporting_mta;
    if (!reporter)
        return false;
    g_autoptr(Relays) relays = relays_new(evidence_case);
    return relays_hold_name(relays, reporter) || identity_names_host(evidence_case, reporter);
}
