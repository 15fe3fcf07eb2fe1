// SPDX-License-Identifier: MIT
// The judge of what a message is: rules in their order, the first that holds decides; then what the
// report says is read by that rule's patterns and by habit.
#include "bounce/classify.h"

#include "bounce/extract.h"
#include "bounce/facts.h"
#include "bounce/match.h"
#include "bounce/status.h"
#include "bounce/trait.h"

#include <string.h>

static void trace(struct report *report, const struct rule *rule, const char *failed)
{
    if (!report->trace)
        return;
    char *line = failed ? g_strdup_printf("%s (%s:%u): no, %s does not hold", rule->name,
                                          rule->file, rule->line, failed)
                        : g_strdup_printf("%s (%s:%u): yes", rule->name, rule->file, rule->line);
    g_ptr_array_add(report->trace, line);
}

static struct rule *first_match(const struct bounce_rules *rules, struct facts *facts)
{
    for (guint i = 0; i < rules->rules->len; i++) {
        struct rule *rule = g_ptr_array_index(rules->rules, i);
        const char *failed = NULL;
        if (rule->kind != RULE_CLASS)
            continue;
        bool holds = rule_matches(rules, rule, facts, facts->report->trace ? &failed : NULL);
        trace(facts->report, rule, failed);
        if (holds)
            return rule;
    }
    return NULL;
}

static bool is_delivery_class(enum bounce_class class)
{
    return class == BOUNCE_DSN_FAILURE || class == BOUNCE_DSN_DELAY || class == BOUNCE_DSN_SUCCESS;
}

// A maker's rule knows the format; that it only warns may stand in words common to all makers.
static enum bounce_class class_by_common_words(const struct bounce_rules *rules,
                                               struct facts *facts, enum bounce_class class)
{
    for (guint i = 0; i < rules->rules->len; i++) {
        struct rule *rule = g_ptr_array_index(rules->rules, i);
        if (rule->refines && rule_matches(rules, rule, facts, NULL))
            return rule->class;
    }
    return class;
}

// What the machine-readable part says goes before the rule's words, and those before its class.
static enum bounce_class refined_class(const struct bounce_rules *rules, const struct rule *rule,
                                       struct facts *facts)
{
    enum bounce_class class = rule->class;
    if (!is_delivery_class(class))
        return class;
    if (facts->has_status && status_class(facts->report, &class))
        return class;
    if (words_match(rules, rule->delay, facts))
        return BOUNCE_DSN_DELAY;
    if (words_match(rules, rule->success, facts))
        return BOUNCE_DSN_SUCCESS;
    return class == BOUNCE_DSN_FAILURE ? class_by_common_words(rules, facts, class) : class;
}

static void note_refusals(const struct bounce_rules *rules, struct facts *facts)
{
    for (guint i = 0; i < rules->rules->len; i++) {
        struct rule *rule = g_ptr_array_index(rules->rules, i);
        const char *failed = NULL;
        if (rule->kind != RULE_REFUSED)
            continue;
        bool holds = rule_matches(rules, rule, facts, facts->report->trace ? &failed : NULL);
        trace(facts->report, rule, failed);
        if (holds)
            g_ptr_array_add(facts->report->refused_as, g_strdup(rule->name));
    }
}

static void set_where(struct original *original)
{
    if (original->where)
        return;
    original->where = g_strdup(original->references->len > 0 ? "in-reply-to" : "none");
}

static void decide(const struct bounce_rules *rules, struct facts *facts)
{
    struct report *report = facts->report;
    struct rule *rule = first_match(rules, facts);
    if (!rule || rule->class == BOUNCE_NONE)
        return;
    report->class = refined_class(rules, rule, facts);
    report->rule = g_strdup(rule->name);
    extract_by_rule(facts, rule);
    if (is_delivery_class(report->class))
        extract_by_habit(facts);
    note_refusals(rules, facts);
}

// What ordinary mail has attached or quoted is no report: only limits and trace are kept of it.
static struct report *plain_report(struct report *judged)
{
    struct report *report = report_new();
    for (guint i = 0; i < judged->limits->len; i++)
        report_add_limit(report, g_ptr_array_index(judged->limits, i));
    report->trace = g_steal_pointer(&judged->trace);
    report->original.where = g_strdup("none");
    return report;
}

struct report *bounce_classify(const struct bounce_rules *rules,
                               const struct bounce_settings *settings,
                               const struct message *message, const struct envelope *envelope)
{
    g_autoptr(Report) report = report_new();
    if (settings->trace)
        report->trace = g_ptr_array_new_with_free_func(g_free);
    // Rules are for mail that has a trait: so what ends early and what is judged cannot differ.
    unsigned traits = bounce_traits(settings, message, envelope);
    if (traits == 0) {
        if (report->trace)
            g_ptr_array_add(report->trace,
                            g_strdup("no trait of automatic mail: no rule was tried"));
        set_where(&report->original);
        return g_steal_pointer(&report);
    }
    struct facts facts;
    if (facts_read(&facts, settings, message, envelope, traits, report))
        decide(rules, &facts);
    facts_release(&facts);
    if (report->class == BOUNCE_NONE)
        return plain_report(report);
    set_where(&report->original);
    return g_steal_pointer(&report);
}
