// SPDX-License-Identifier: MIT
#include "bounce/match.h"

#include "base/text.h"
#include "bounce/mention.h"
#include "bounce/trait.h"
#include "bounce/wrapper.h"

#include <string.h>

static bool test_value(const struct phrase_test *test, const char *value)
{
    if (!test->text)
        return true;
    if (test->at_start && test->at_end)
        return strcmp(value, test->text) == 0;
    if (test->at_start)
        return strncmp(value, test->text, test->length) == 0;
    if (test->at_end)
        return g_str_has_suffix(value, test->text);
    return strstr(value, test->text) != NULL;
}

static bool test_sender(const struct phrase_test *test, const char *value)
{
    if (!test->text)
        return true;
    if (strcmp(test->text, "<>") == 0)
        return *value == '\0';
    if (test->daemon)
        return trait_names_daemon(value);
    return strstr(value, test->text) != NULL;
}

typedef bool (*test_function)(const struct phrase_test *test, const char *value);

static bool any_holds(const GArray *any, const char *value, test_function function)
{
    bool holds = false; // the alternative so far
    for (guint i = 0; any && i < any->len; i++) {
        const struct phrase_test *test = &g_array_index(any, struct phrase_test, i);
        if (test->alternative && holds)
            return true;
        holds = (test->alternative || holds) && function(test, value);
    }
    return holds;
}

static bool test_header(const struct phrase_test *test, const char *value)
{
    if (test->daemon)
        return trait_names_daemon(value) || g_str_has_suffix(value, "<>");
    return test_value(test, value);
}

static bool test_glob(const struct phrase_test *test, const char *value)
{
    return !test->text || text_glob(test->text, value);
}

static bool regex_holds(struct condition *condition, struct facts *facts, const char *value,
                        gsize length)
{
    if (!condition->regex &&
        !regex_compile(condition->pattern, -1, REGEX_CASELESS | REGEX_MULTILINE | REGEX_UTF,
                       &condition->regex, NULL))
        return false;
    enum regex_result result = regex_search(condition->regex, value, length, 0, NULL, 0);
    if (result == REGEX_LIMIT)
        report_add_limit(facts->report, "regular expression");
    return result == REGEX_YES;
}

// "@null" in a condition on the writer: whoever it is, when the envelope sender is null.
static bool null_sender_will_do(const GArray *any, const struct facts *facts)
{
    for (guint i = 0; facts->sender && !*facts->sender && i < any->len; i++) {
        const struct phrase_test *test = &g_array_index(any, struct phrase_test, i);
        bool alone = test->alternative && (i + 1 == any->len || test[1].alternative);
        if (alone && test->text && strcmp(test->text, "@null") == 0)
            return true;
    }
    return false;
}

static bool header_holds(struct condition *condition, struct facts *facts)
{
    if (!condition->pattern && null_sender_will_do(condition->any, facts))
        return true;
    for (char **value = facts_header(facts, condition->header); *value; value++) {
        if (condition->pattern ? regex_holds(condition, facts, *value, strlen(*value))
                               : any_holds(condition->any, *value, test_header))
            return true;
    }
    return false;
}

static bool part_holds(const struct condition *condition, struct facts *facts, bool all_parts)
{
    guint first = all_parts ? 0 : facts->root;
    guint count = all_parts ? facts->tree->parts->len : facts->root + 1;
    for (guint i = first; i < count; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        g_autofree char *type = g_strconcat(part->type, "/", part->subtype, NULL);
        if (any_holds(condition->any, type, test_glob))
            return true;
        if (part->kind == MIME_MESSAGE)
            break; // what is inside the original says nothing of the report
    }
    return false;
}

static bool diagnostic_holds(struct condition *condition, struct facts *facts)
{
    for (guint i = 0; i < facts->report->recipients->len; i++) {
        const struct report_recipient *one = g_ptr_array_index(facts->report->recipients, i);
        if (!one->diagnostic)
            continue;
        g_autofree char *folded = phrase_fold(one->diagnostic, -1, NULL);
        if (condition->pattern ? regex_holds(condition, facts, folded, strlen(folded))
                               : any_holds(condition->any, folded, test_value))
            return true;
    }
    return false;
}

// The words of ZONE; where nothing is quoted, an author's own words are all.
static struct words *words_in(struct facts *facts, enum words_zone zone)
{
    bool same = zone == WORDS_OWN && !facts->words[WORDS_OWN].folded;
    return &facts->words[same ? WORDS_ALL : zone];
}

static bool test_words(const struct phrase_test *test, const struct words *words)
{
    if (test->numbered)
        return words->hits[test->number];
    return test->text ? strstr(words->folded, test->text) != NULL : words->length > 0;
}

bool phrases_match(const struct bounce_rules *rules, const GArray *any, struct facts *facts,
                   enum words_zone zone)
{
    if (!any)
        return false;
    struct words *words = words_in(facts, zone);
    if (!words->hits)
        words->hits = phrases_scan(rules->phrases, words->folded, words->length);
    bool holds = false; // the alternative so far
    for (guint i = 0; i < any->len; i++) {
        const struct phrase_test *test = &g_array_index(any, struct phrase_test, i);
        if (test->alternative && holds)
            return true;
        holds = (test->alternative || holds) && test_words(test, words);
    }
    return holds;
}

bool words_match(const struct bounce_rules *rules, const GArray *any, struct facts *facts)
{
    if (phrases_match(rules, any, facts, WORDS_ALL))
        return true;
    char **subject = facts_header(facts, "subject");
    return *subject && any_holds(any, *subject, test_value);
}

// Where RULE's words may stand in this message: somebody who is no mail system has to begin with
// what only a mail system says; what speaks against it may stand anywhere.
static enum words_zone zone_of(const struct rule *rule, const struct condition *condition,
                               const struct facts *facts)
{
    if (condition->negated)
        return WORDS_ALL;
    bool in_doubt = rule->writer == WRITER_NULL_SENDER && facts->writer == WRITER_NULL_SENDER;
    return in_doubt && rule->zone == WORDS_OWN && !condition->pattern ? WORDS_OPENING : rule->zone;
}

static bool body_holds(const struct bounce_rules *rules, const struct rule *rule,
                       struct condition *condition, struct facts *facts)
{
    enum words_zone zone = zone_of(rule, condition, facts);
    if (!condition->pattern)
        return phrases_match(rules, condition->any, facts, zone);
    bool all = zone == WORDS_ALL;
    return regex_holds(condition, facts, all ? facts->text : facts->own_text,
                       all ? facts->text_length : facts->own_length);
}

// Does To or Cc name the list of List-Id: "<cooks.x.example>" cooks@x.example, or that of
// List-Post?
static bool is_to_list(struct facts *facts)
{
    static const char *const fields[] = {"to", "cc"};
    char **id = facts_header(facts, "list-id");
    char **post = facts_header(facts, "list-post");
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (char **value = facts_header(facts, fields[i]); *value; value++) {
            g_autofree char *address = mime_first_address(*value);
            if (!address || !strchr(address, '@'))
                continue;
            if (*post && strstr(*post, address))
                return true;
            g_strdelimit(address, "@", '.');
            if (*id && strstr(*id, address))
                return true;
        }
    }
    return false;
}

static bool condition_holds(const struct bounce_rules *rules, const struct rule *rule,
                            struct condition *condition, struct facts *facts)
{
    switch (condition->kind) {
    case CONDITION_SENDER:
        return facts->sender && any_holds(condition->any, facts->sender, test_sender);
    case CONDITION_HEADER:
        return header_holds(condition, facts);
    case CONDITION_TYPE:
        return part_holds(condition, facts, false);
    case CONDITION_PART:
        return part_holds(condition, facts, true);
    case CONDITION_BODY:
        return body_holds(rules, rule, condition, facts);
    case CONDITION_DIAGNOSTIC:
        return diagnostic_holds(condition, facts);
    case CONDITION_ORIGINAL:
        return facts->has_original == condition->wanted;
    case CONDITION_STATUS:
        return facts->has_status == condition->wanted;
    case CONDITION_REPLY:
        return (facts->report->original.references->len > 0) == condition->wanted;
    case CONDITION_ENCLOSED:
        return wrapper_is_same(facts) == condition->wanted;
    case CONDITION_TO_LIST:
        return is_to_list(facts) == condition->wanted;
    case CONDITION_READER_ALONE:
        return mention_reader_alone(facts) == condition->wanted;
    case CONDITION_MARK:
        return ((facts->traits & TRAIT_MARK) != 0) == condition->wanted;
    }
    return false;
}

enum tried { TRY_PHRASES = 1 << 0, TRY_PATTERNS = 1 << 1 };

static bool is_dear(const struct condition *condition)
{
    return condition->pattern || condition->kind == CONDITION_READER_ALONE;
}

// The first condition of RULE that fails among those that TRIED names, or NULL.
static const struct condition *failing(const struct bounce_rules *rules, const struct rule *rule,
                                       struct facts *facts, unsigned tried)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        struct condition *condition = g_ptr_array_index(rule->conditions, i);
        if ((tried & (is_dear(condition) ? TRY_PATTERNS : TRY_PHRASES)) &&
            condition_holds(rules, rule, condition, facts) == condition->negated)
            return condition;
    }
    return NULL;
}

bool rule_matches(const struct bounce_rules *rules, struct rule *rule, struct facts *facts,
                  const char **failed_r)
{
    const char *barred = NULL;
    if (!rule->any_mail && rule->kind != RULE_REFUSED && !(facts->traits & TRAITS_STRONG))
        barred = "any-mail";
    else if (facts->writer > rule->writer)
        barred = "writer";
    // Regular expressions cost most: they come last where nobody wants to see what fails first.
    if (!failed_r)
        return !barred && !failing(rules, rule, facts, TRY_PHRASES) &&
               !failing(rules, rule, facts, TRY_PATTERNS);
    const struct condition *failed =
        barred ? NULL : failing(rules, rule, facts, TRY_PHRASES | TRY_PATTERNS);
    *failed_r = barred ? barred : failed ? failed->key : NULL;
    return !*failed_r;
}
