// SPDX-License-Identifier: MIT
// The judge of what a message is: rules in their order, the first that holds decides; then what the
// report says is read by that rule's patterns and by habit.
#include "bounce/classify.h"

#include "bounce/extract.h"
#include "bounce/match.h"
#include "bounce/message-facts.h"
#include "bounce/status.h"
#include "bounce/trait.h"
#include "bounce/wrapper.h"

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

// How deep wrappers may enclose one another.
#define WRAPPERS_MAX 3

struct judging {
    const struct bounce_rules *rules;
    const struct bounce_settings *settings;
    guint depth;             // how many wrappers were opened
    struct report *enclosed; // what the enclosed message is, when that counts
};

static struct report *classify(struct judging *judging, const struct message *message,
                               const struct envelope *envelope);

// What the message that FACTS' message encloses is; NULL when there is none, or it is nothing.
static struct report *classify_enclosed(const struct judging *judging, const struct facts *facts)
{
    g_autoptr(GBytes) bytes = judging->depth < WRAPPERS_MAX ? wrapper_enclosed(facts) : NULL;
    if (!bytes)
        return NULL;
    g_autoptr(Message) message = message_new_saved(bytes);
    struct envelope envelope = facts->envelope ? *facts->envelope : (struct envelope){0};
    // The sender is the enclosed message's own; only where it does not say, the wrapper's.
    if (message_field(message, "Return-Path", 0))
        envelope.sender = NULL;
    struct judging inner = {judging->rules, judging->settings, judging->depth + 1, NULL};
    g_autoptr(Report) report = classify(&inner, message, &envelope);
    return report->class == BOUNCE_NONE ? NULL : g_steal_pointer(&report);
}

static struct rule *first_match(struct judging *judging, struct facts *facts)
{
    const struct bounce_rules *rules = judging->rules;
    for (guint i = 0; i < rules->rules->len; i++) {
        struct rule *rule = g_ptr_array_index(rules->rules, i);
        const char *failed = NULL;
        if (rule->kind == RULE_REFUSED)
            continue;
        bool holds = rule_matches(rules, rule, facts, facts->report->trace ? &failed : NULL);
        if (holds && rule->kind == RULE_WRAPPER) {
            judging->enclosed = classify_enclosed(judging, facts);
            failed = judging->enclosed ? NULL : "enclosed report";
            holds = judging->enclosed != NULL;
        }
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

static void decide(struct judging *judging, struct facts *facts)
{
    struct report *report = facts->report;
    struct rule *rule = first_match(judging, facts);
    if (!rule || rule->class == BOUNCE_NONE || rule->kind == RULE_WRAPPER)
        return;
    report->class = refined_class(judging->rules, rule, facts);
    report->rule = g_strdup(rule->name);
    extract_by_rule(facts, rule);
    if (is_delivery_class(report->class))
        extract_by_habit(facts);
    note_refusals(judging->rules, facts);
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

// The enclosed message's report, with the trace of both.
static struct report *enclosed_report(struct report *enclosed, struct report *wrapper)
{
    if (wrapper->trace && enclosed->trace)
        g_ptr_array_extend_and_steal(wrapper->trace, g_steal_pointer(&enclosed->trace));
    if (wrapper->trace)
        enclosed->trace = g_steal_pointer(&wrapper->trace);
    return enclosed;
}

static struct report *classify(struct judging *judging, const struct message *message,
                               const struct envelope *envelope)
{
    g_autoptr(Report) report = report_new();
    if (judging->settings->trace)
        report->trace = g_ptr_array_new_with_free_func(g_free);
    // Rules are for mail that has a trait: so what ends early and what is judged cannot differ.
    unsigned traits = bounce_traits(judging->settings, message, envelope);
    if (traits == 0) {
        if (report->trace)
            g_ptr_array_add(report->trace,
                            g_strdup("no trait of automatic mail: no rule was tried"));
        set_where(&report->original);
        return g_steal_pointer(&report);
    }
    struct facts facts;
    if (facts_read(&facts, judging->settings, message, envelope, traits, report))
        decide(judging, &facts);
    facts_release(&facts);
    if (judging->enclosed)
        return enclosed_report(g_steal_pointer(&judging->enclosed), report);
    if (report->class == BOUNCE_NONE)
        return plain_report(report);
    set_where(&report->original);
    return g_steal_pointer(&report);
}

struct report *bounce_classify(const struct bounce_rules *rules,
                               const struct bounce_settings *settings,
                               const struct message *message, const struct envelope *envelope)
{
    struct judging judging = {rules, settings, 0, NULL};
    return classify(&judging, message, envelope);
}
