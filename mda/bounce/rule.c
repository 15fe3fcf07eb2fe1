// SPDX-License-Identifier: MIT
// One rule: made, filled in key by key, checked.
#include "bounce/rule.h"

#include "base/error.h"

#include <string.h>

#define RULE_MAX_ALTERNATIVES 500

static void test_free(gpointer data)
{
    struct phrase_test *test = data;
    g_free(test->text);
    g_free(test);
}

static void condition_free(gpointer data)
{
    struct condition *condition = data;
    g_free(condition->header);
    g_free(condition->key);
    g_free(condition->pattern);
    g_clear_pointer(&condition->any, g_ptr_array_unref);
    g_clear_pointer(&condition->regex, regex_free);
    g_free(condition);
}

static void pattern_free(gpointer data)
{
    struct pattern *pattern = data;
    g_free(pattern->text);
    g_clear_pointer(&pattern->regex, regex_free);
    g_free(pattern);
}

static GPtrArray *any_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
}

struct rule *rule_new(const char *name, const char *file, guint line)
{
    struct rule *rule = g_new0(struct rule, 1);
    rule->name = g_strdup(name);
    rule->file = g_strdup(file);
    rule->line = line;
    rule->order = -1;
    rule->conditions = g_ptr_array_new_with_free_func(condition_free);
    rule->delay = any_new();
    rule->success = any_new();
    rule->class = BOUNCE_DSN_FAILURE;
    return rule;
}

void rule_free(gpointer data)
{
    struct rule *rule = data;
    g_free(rule->name);
    g_free(rule->file);
    g_ptr_array_unref(rule->conditions);
    g_ptr_array_unref(rule->delay);
    g_ptr_array_unref(rule->success);
    for (guint i = 0; i < PATTERN_COUNT; i++)
        g_clear_pointer(&rule->patterns[i], g_ptr_array_unref);
    g_free(rule);
}

// "^text$": the anchors and the folded words between them; "*" stands for any value at all. TEXT
// has LENGTH bytes.
static bool add_test(GPtrArray *all, const char *text, gsize length, bool anchors, GError **err)
{
    const char *start = text, *end = text + length;
    while (start < end && g_ascii_isspace(*start))
        start++;
    while (end > start && g_ascii_isspace(end[-1]))
        end--;
    if (start == end)
        return mda_fail(err, MDA_ERROR_SYNTAX, "an empty phrase; give words between the | and &");
    struct phrase_test *test = g_new0(struct phrase_test, 1);
    g_ptr_array_add(all, test);
    if (end - start == 1 && *start == '*')
        return true;
    if (anchors && *start == '^') {
        test->at_start = true;
        start++;
    }
    if (anchors && end > start && end[-1] == '$') {
        test->at_end = true;
        end--;
    }
    test->text = phrase_fold(start, end - start, &test->length);
    test->daemon = strcmp(test->text, "@daemon") == 0;
    return true;
}

// The length of the piece of TEXT in front of the first SEPARATOR of three bytes, or of all of it;
// *next_r is behind that separator, or NULL.
static gsize piece_length(const char *text, gsize length, const char *separator,
                          const char **next_r)
{
    const char *stop = memmem(text, length, separator, 3);
    *next_r = stop ? stop + 3 : NULL;
    return stop ? (gsize)(stop - text) : length;
}

// "a & b | c" into ANY. Split in place: the built-in rules hold some thousand phrases, and every
// judged message of its own process waits for them.
static bool add_phrases(GPtrArray *any, const char *value, bool anchors, GError **err)
{
    const char *end = value + strlen(value), *next = NULL;
    guint count = 0;
    for (const char *at = value; at; at = next) {
        gsize size = piece_length(at, (gsize)(end - at), " | ", &next);
        if (++count > RULE_MAX_ALTERNATIVES)
            return mda_fail(err, MDA_ERROR_SYNTAX, "more than %d alternatives; go on in key[2]",
                            RULE_MAX_ALTERNATIVES);
        GPtrArray *all = g_ptr_array_new_with_free_func(test_free);
        g_ptr_array_add(any, all);
        const char *stop = at + size, *word_next = NULL;
        for (const char *word = at; word; word = word_next) {
            gsize length = piece_length(word, (gsize)(stop - word), " & ", &word_next);
            if (!add_test(all, word, length, anchors, err))
                return false;
        }
    }
    return true;
}

// The condition of RULE with KEY, so that body[de] adds to body.
static struct condition *condition_for(struct rule *rule, const char *key, enum condition_kind kind,
                                       bool negated)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        struct condition *condition = g_ptr_array_index(rule->conditions, i);
        if (strcmp(condition->key, key) == 0)
            return condition;
    }
    struct condition *condition = g_new0(struct condition, 1);
    condition->kind = kind;
    condition->key = g_strdup(key);
    condition->negated = negated;
    condition->any = any_new();
    g_ptr_array_add(rule->conditions, condition);
    return condition;
}

static bool read_yes(const char *value, bool *yes_r, GError **err)
{
    bool yes = g_ascii_strcasecmp(value, "yes") == 0 || g_ascii_strcasecmp(value, "true") == 0;
    bool no = g_ascii_strcasecmp(value, "no") == 0 || g_ascii_strcasecmp(value, "false") == 0;
    if (!yes && !no)
        return mda_fail(err, MDA_ERROR_SYNTAX, "\"%s\" is not yes or no", value);
    *yes_r = yes;
    return true;
}

static bool set_class(struct rule *rule, const char *value, GError **err)
{
    if (strcmp(value, "refused") == 0) {
        rule->kind = RULE_REFUSED;
        return true;
    }
    if (bounce_class_parse(value, &rule->class))
        return true;
    return mda_fail(err, MDA_ERROR_SYNTAX,
                    "\"%s\" is no class; there are dsn-failure, dsn-delay, dsn-success, mdn, "
                    "auto-reply, challenge, virus-notice, feedback-report, none and refused",
                    value);
}

static bool set_order(struct rule *rule, const char *value, GError **err)
{
    guint64 order = 0;
    if (!g_ascii_string_to_unsigned(value, 10, 0, 1000, &order, NULL))
        return mda_fail(err, MDA_ERROR_SYNTAX, "order \"%s\" is not a number from 0 to 1000",
                        value);
    rule->order = (int)order;
    return true;
}

static const struct {
    const char *key;
    enum rule_pattern which;
} pattern_keys[] = {
    {"recipient", PATTERN_RECIPIENT},         {"original-after", PATTERN_ORIGINAL_AFTER},
    {"reporting-mta", PATTERN_REPORTING_MTA}, {"original-message-id", PATTERN_MESSAGE_ID},
    {"original-subject", PATTERN_SUBJECT},    {"original-from", PATTERN_FROM},
};

static const struct {
    const char *key;
    enum condition_kind kind;
    const char *header;
} condition_keys[] = {
    {"sender", CONDITION_SENDER, NULL},     {"from", CONDITION_HEADER, "from"},
    {"to", CONDITION_HEADER, "to"},         {"subject", CONDITION_HEADER, "subject"},
    {"type", CONDITION_TYPE, NULL},         {"part", CONDITION_PART, NULL},
    {"body", CONDITION_BODY, NULL},         {"diagnostic", CONDITION_DIAGNOSTIC, NULL},
    {"original", CONDITION_ORIGINAL, NULL}, {"status", CONDITION_STATUS, NULL},
    {"reply", CONDITION_REPLY, NULL},       {"mark", CONDITION_MARK, NULL},
};

static bool is_answer(enum condition_kind kind)
{
    return kind == CONDITION_ORIGINAL || kind == CONDITION_STATUS || kind == CONDITION_REPLY ||
           kind == CONDITION_MARK;
}

static bool fill_condition(struct condition *condition, bool regex, guint line, const char *value,
                           GError **err)

{
    condition->line = line;
    if (is_answer(condition->kind))
        return read_yes(value, &condition->wanted, err);
    if (!regex) {
        bool anchors = condition->kind == CONDITION_HEADER;
        return add_phrases(condition->any, value, anchors, err);
    }
    if (!condition->pattern) {
        condition->pattern = g_strdup(value);
        return true;
    }
    char *both = g_strdup_printf("%s|%s", condition->pattern, value);
    g_free(condition->pattern);
    condition->pattern = both;
    return true;
}

// "not-", "regex-", a name and for header.NAME the field.
static bool set_condition(struct rule *rule, guint line, const char *key, const char *value,
                          GError **err)
{
    const char *name = key;
    bool negated = g_str_has_prefix(name, "not-");
    if (negated)
        name += 4;
    bool regex = g_str_has_prefix(name, "regex-");
    if (regex)
        name += 6;
    if (g_str_has_prefix(name, "header.") && name[7]) {
        struct condition *condition = condition_for(rule, key, CONDITION_HEADER, negated);
        if (!condition->header)
            condition->header = g_ascii_strdown(name + 7, -1);
        return fill_condition(condition, regex, line, value, err);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(condition_keys); i++) {
        if (strcmp(condition_keys[i].key, name) != 0)
            continue;
        struct condition *condition = condition_for(rule, key, condition_keys[i].kind, negated);
        if (!condition->header)
            condition->header = g_strdup(condition_keys[i].header);
        return fill_condition(condition, regex, line, value, err);
    }
    return mda_fail(
        err, MDA_ERROR_SYNTAX,
        "unknown key \"%s\"; conditions are sender, from, to, subject, header.NAME, "
        "type, part, body, diagnostic, original, status, reply, mark, each with not- and "
        "regex- before it, see backstop-rules(5)",
        key);
}

static bool add_pattern(struct rule *rule, enum rule_pattern which, guint line, const char *value)
{
    if (!rule->patterns[which])
        rule->patterns[which] = g_ptr_array_new_with_free_func(pattern_free);
    struct pattern *pattern = g_new0(struct pattern, 1);
    pattern->text = g_strdup(value);
    pattern->line = line;
    g_ptr_array_add(rule->patterns[which], pattern);
    return true;
}

bool rule_set(struct rule *rule, guint line, const char *key, const char *value, GError **err)
{
    const char *bracket = strchr(key, '[');
    g_autofree char *base = bracket ? g_strndup(key, (gsize)(bracket - key)) : g_strdup(key);
    g_strchomp(base);
    if (*value == '\0')
        return mda_fail(err, MDA_ERROR_SYNTAX, "\"%s\" has no value", key);
    if (strcmp(base, "class") == 0)
        return set_class(rule, value, err);
    if (strcmp(base, "order") == 0)
        return set_order(rule, value, err);
    if (strcmp(base, "any-mail") == 0)
        return read_yes(value, &rule->any_mail, err);
    if (strcmp(base, "refines") == 0)
        return read_yes(value, &rule->refines, err);
    if (strcmp(base, "comment") == 0)
        return true;
    if (strcmp(base, "delay") == 0)
        return add_phrases(rule->delay, value, false, err);
    if (strcmp(base, "success") == 0)
        return add_phrases(rule->success, value, false, err);
    for (gsize i = 0; i < G_N_ELEMENTS(pattern_keys); i++) {
        if (strcmp(base, pattern_keys[i].key) == 0)
            return add_pattern(rule, pattern_keys[i].which, line, value);
    }
    return set_condition(rule, line, base, value, err);
}

#define PATTERN_FLAGS (REGEX_CASELESS | REGEX_MULTILINE | REGEX_UTF)

static bool compile(const char *pattern, struct regex **regex_r, const char *key, GError **err)
{
    if (!pattern || *regex_r)
        return true;
    if (!regex_compile(pattern, -1, PATTERN_FLAGS, regex_r, err)) {
        g_prefix_error(err, "%s: ", key);
        return false;
    }
    return true;
}

static bool check_patterns(struct rule *rule, guint *line_r, GError **err)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        struct condition *condition = g_ptr_array_index(rule->conditions, i);
        *line_r = condition->line;
        if (!compile(condition->pattern, &condition->regex, condition->key, err))
            return false;
    }
    for (guint i = 0; i < G_N_ELEMENTS(pattern_keys); i++) {
        GPtrArray *list = rule->patterns[pattern_keys[i].which];
        for (guint n = 0; list && n < list->len; n++) {
            struct pattern *pattern = g_ptr_array_index(list, n);
            *line_r = pattern->line;
            if (!compile(pattern->text, &pattern->regex, pattern_keys[i].key, err))
                return false;
        }
    }
    return true;
}

bool rule_check(struct rule *rule, bool patterns, guint *line_r, GError **err)
{
    *line_r = rule->line;
    if (rule->conditions->len == 0)
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "rule [%s] has no condition and would match everything; give it a sender, "
                        "header, part or body",
                        rule->name);
    return !patterns || check_patterns(rule, line_r, err);
}

static void enter(GPtrArray *any, struct phrases *phrases)
{
    for (guint i = 0; i < any->len; i++) {
        GPtrArray *all = g_ptr_array_index(any, i);
        for (guint j = 0; j < all->len; j++) {
            struct phrase_test *test = g_ptr_array_index(all, j);
            if (test->text && test->length >= PHRASE_MIN_BYTES) {
                test->number = phrases_add(phrases, test->text);
                test->numbered = true;
            }
        }
    }
}

void rule_enter_phrases(struct rule *rule, struct phrases *phrases)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        struct condition *condition = g_ptr_array_index(rule->conditions, i);
        if (condition->kind == CONDITION_BODY)
            enter(condition->any, phrases);
    }
    enter(rule->delay, phrases);
    enter(rule->success, phrases);
}

bool rule_pattern(struct rule *rule, enum rule_pattern which, guint n, struct regex **regex_r)
{
    GPtrArray *list = rule->patterns[which];
    if (!list || n >= list->len)
        return false;
    struct pattern *pattern = g_ptr_array_index(list, n);
    if (pattern->text && !compile(pattern->text, &pattern->regex, "", NULL))
        g_clear_pointer(&pattern->text, g_free); // never tried again
    *regex_r = pattern->regex;
    return true;
}
