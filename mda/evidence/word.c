// SPDX-License-Identifier: MIT
// What did the user say of reports like this one? What he moved out of Junk, or called genuine, was
// judged wrongly: the same mistake is not made again for that recipient, host or sender. What he
// moved into Junk was backscatter: so is what comes of the same mail.
#include "base/address.h"
#include "evidence/evidence.h"
#include "evidence/facts-of-word.h"
#include "ledger/learnt.h"

#include <string.h>

#define SUBJECT_MAX_BYTES 60
// A shorter subject ("Hello", "Test") is common to much mail.
#define SUBJECT_MIN_BYTES 12
#define RECIPIENTS_MAX 20

char *word_subject_key(const char *subject)
{
    GString *key = g_string_new(NULL);
    for (; subject && *subject && key->len < SUBJECT_MAX_BYTES; subject++) {
        if (g_ascii_isalpha(*subject) || (guchar)*subject >= 0x80)
            g_string_append_c(key, g_ascii_tolower(*subject));
    }
    while (g_str_has_prefix(key->str, "re") || g_str_has_prefix(key->str, "fw"))
        g_string_erase(key, 0, 2);
    return g_string_free(key, FALSE);
}

static void fact_free(gpointer data)
{
    struct word_fact *fact = data;
    g_free(fact->fact);
    g_free(fact);
}

static void add(GPtrArray *facts, const char *kind, char *text, bool of_genuine,
                bool of_backscatter)
{
    if (!text || !*text) {
        g_free(text);
        return;
    }
    struct word_fact *fact = g_new0(struct word_fact, 1);
    *fact = (struct word_fact){kind, text, of_genuine, of_backscatter};
    g_ptr_array_add(facts, fact);
}

GPtrArray *word_facts(const struct message *message, const struct report *report)
{
    GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);
    for (guint i = 0; i < report->recipients->len && i < RECIPIENTS_MAX; i++) {
        const struct report_recipient *recipient = g_ptr_array_index(report->recipients, i);
        add(facts, "recipient", address_fold(recipient->final), true, true);
        add(facts, "recipient", address_fold(recipient->original), true, true);
    }
    char *host = domain_organisation(report->reporting_mta);
    add(facts, "host", host ? host : g_strdup(report->reporting_mta), true, false);
    g_autofree char *from = message_header(message, "From", 0);
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(from, 1, authors);
    add(facts, "sender", authors->len > 0 ? g_strdup(authors->pdata[0]) : NULL, true, false);
    g_autofree char *key = word_subject_key(report->original.subject);
    if (strlen(key) >= SUBJECT_MIN_BYTES)
        add(facts, "subject", g_steal_pointer(&key), false, true);
    return facts;
}

static void consider(struct state *state, const struct word_fact *fact, gint64 now,
                     struct finding *finding)
{
    const enum learnt_word word = learnt_word(state, fact->kind, fact->fact, now);
    const bool precise = strcmp(fact->kind, "recipient") == 0 || strcmp(fact->kind, "subject") == 0;
    if (word == WORD_GENUINE && (finding->says != SAYS_OURS || precise))
        finding_set(finding, SAYS_OURS, precise ? WEIGHT_MEASURED : WEIGHT_LIKELY,
                    "you called a report with the same %s genuine (%s)", fact->kind, fact->fact);
    else if (word == WORD_BACKSCATTER && finding->says == SAYS_NOTHING)
        finding_set(finding, SAYS_FORGED, WEIGHT_MEASURED,
                    "you called a report with the same %s backscatter (%s)", fact->kind,
                    fact->fact);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_autoptr(State) state = NULL;
    g_autoptr(GError) err = NULL;
    finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "you said nothing of reports like this one");
    if (!conf_bool(evidence_case->conf, CONF_LEARN_ENABLED))
        return;
    if (!state_open(evidence_case->conf, evidence_case->deadline, &state, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s", err->message);
        return;
    }
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GPtrArray) facts = word_facts(evidence_case->message, evidence_case->report);
    for (guint i = 0; i < facts->len; i++)
        consider(state, g_ptr_array_index(facts, i), now, finding);
}

const struct evidence_source evidence_word = {.name = "word", .look = look};
