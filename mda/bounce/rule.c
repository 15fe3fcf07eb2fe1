// SPDX-License-Identifier: MIT
// One rule: made, filled in key by key, checked.
#include "bounce/rule.h"

#include "base/error.h"
#include "base/narrow.h"
#include "base/quantity.h"

#include <string.h>

#define RULE_MAX_ALTERNATIVES 500
#define USUAL_PHRASES 8 // room for as many at first

static void condition_free(gpointer data)
{
    struct condition *condition = data;
    g_clear_pointer(&condition->any, g_array_unref);
    g_clear_pointer(&condition->regex, regex_free);
    g_free(condition);
}

static void pattern_free(gpointer data)
{
    struct pattern *pattern = data;
    g_clear_pointer(&pattern->regex, regex_free);
    g_free(pattern);
}

struct rule *rule_new(GStringChunk *strings, char *name, const char *file, guint line)
{
    struct rule *rule = g_new0(struct rule, 1);
    rule->strings = strings;
    rule->name = name;
    rule->file = file;
    rule->line = line;
    rule->order = -1;
    rule->conditions = g_ptr_array_new_with_free_func(condition_free);
    rule->class = BOUNCE_DSN_FAILURE;
    rule->writer = WRITER_ANYONE;
    return rule;
}

void rule_free(gpointer data)
{
    struct rule *rule = data;
    g_ptr_array_unref(rule->conditions);
    g_clear_pointer(&rule->delay, g_array_unref);
    g_clear_pointer(&rule->success, g_array_unref);
    for (guint i = 0; i < PATTERN_COUNT; i++)
        g_clear_pointer(&rule->patterns[i], g_ptr_array_unref);
    g_free(rule);
}

// TEXT of LENGTH bytes, folded: in its place, or in STRINGS when that may need more room.
static const char *folded(GStringChunk *strings, char *text, gsize length, guint *length_r)
{
    gsize size = 0;
    if (!phrase_fold_in_place(text, length, &size)) {
        g_autofree char *longer = phrase_fold(text, (gssize)length, &size);
        text = g_string_chunk_insert_len(strings, longer, (gssize)size);
    }
    *length_r = size_narrow(size);
    return text;
}

// Most keys are told apart by their first letter.
static inline bool is_key(const char *key, const char *name)
{
    return *key == *name && strcmp(key, name) == 0;
}

// "^text$" from START to END: the anchors and the folded words between them; "*" stands for any
// value at all. *test is zeroed before.
static bool read_test(struct rule *rule, char *start, char *end, bool anchors,
                      struct phrase_test *test, GError **err)
{
    while (start < end && g_ascii_isspace(*start))
        start++;
    while (end > start && g_ascii_isspace(end[-1]))
        end--;
    if (start == end)
        return mda_fail(err, MDA_ERROR_SYNTAX, "an empty phrase; give words between the | and &");
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
    if (rule->is_folded) {
        *end = '\0';
        test->text = start;
        test->length = (guint)(end - start);
    } else {
        test->text = folded(rule->strings, start, (gsize)(end - start), &test->length);
    }
    test->daemon = is_key(test->text, "@daemon");
    return true;
}

// Where the first SIGN with a blank on either side stands between TEXT and END; NULL: nowhere.
static char *find_sign(char *text, const char *end, char sign)
{
    for (char *at = text; (at = memchr(at, sign, (gsize)(end - at))); at++) {
        if (at > text && at[-1] == ' ' && at + 1 < end && at[1] == ' ')
            return at;
    }
    return NULL;
}

// The words from START to END, "a & b", behind the others of ANY as one more alternative.
static bool add_alternative(struct rule *rule, GArray *any, char *start, char *end, bool anchors,
                            GError **err)
{
    bool first = true;
    for (char *at = start, *sign; at; at = sign ? sign + 2 : NULL, first = false) {
        sign = find_sign(at, end, '&');
        struct phrase_test test = {.alternative = first};
        if (!read_test(rule, at, sign ? sign - 1 : end, anchors, &test, err))
            return false;
        g_array_append_val(any, test);
    }
    return true;
}

// "a & b | c" behind what *any holds. Cut up and folded where it stands: the built-in rules hold
// some thousand phrases, and every judged message of its own process waits for them.
static bool add_phrases(struct rule *rule, GArray **any, char *value, bool anchors, GError **err)
{
    if (!*any)
        *any = g_array_sized_new(FALSE, FALSE, sizeof(struct phrase_test), USUAL_PHRASES);
    char *end = value + strlen(value);
    guint count = 0;
    for (char *at = value, *sign; at; at = sign ? sign + 2 : NULL) {
        sign = find_sign(at, end, '|');
        if (++count > RULE_MAX_ALTERNATIVES)
            return mda_fail(err, MDA_ERROR_SYNTAX, "more than %d alternatives; go on in key[2]",
                            RULE_MAX_ALTERNATIVES);
        if (!add_alternative(rule, *any, at, sign ? sign - 1 : end, anchors, err))
            return false;
    }
    return true;
}

// The condition of RULE with KEY, so that body[de] adds to body.
static struct condition *condition_for(struct rule *rule, const char *key, enum condition_kind kind,
                                       bool negated)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        struct condition *condition = g_ptr_array_index(rule->conditions, i);
        if (is_key(key, condition->key))
            return condition;
    }
    struct condition *condition = g_new0(struct condition, 1);
    condition->kind = kind;
    condition->key = key;
    condition->negated = negated;
    g_ptr_array_add(rule->conditions, condition);
    return condition;
}

static bool read_yes(const char *value, bool *yes_r, GError **err)
{
    if (!quantity_boolean(value, yes_r))
        return mda_fail(err, MDA_ERROR_SYNTAX, "\"%s\" is not yes or no", value);
    return true;
}

static bool set_class(struct rule *rule, const char *value, GError **err)
{
    if (strcmp(value, "refused") == 0) {
        rule->kind = RULE_REFUSED;
        return true;
    }
    if (strcmp(value, "wrapper") == 0) {
        rule->kind = RULE_WRAPPER;
        return true;
    }
    if (bounce_class_parse(value, &rule->class))
        return true;
    return mda_fail(err, MDA_ERROR_SYNTAX,
                    "\"%s\" is no class; there are dsn-failure, dsn-delay, dsn-success, mdn, "
                    "auto-reply, challenge, virus-notice, feedback-report, none, wrapper and "
                    "refused",
                    value);
}

static bool set_writer(struct rule *rule, const char *value, GError **err)
{
    rule->writer_set = true;
    if (writer_parse(value, &rule->writer))
        return true;
    return mda_fail(err, MDA_ERROR_SYNTAX,
                    "\"%s\" is no writer; there are mail-system, null-sender, unnamed and anyone",
                    value);
}

static bool set_words(struct rule *rule, const char *value, GError **err)
{
    static const char *const zones[WORDS_ZONES] = {"anywhere", "own", "opening"};
    rule->zone_set = true;
    for (guint i = 0; i < WORDS_ZONES; i++) {
        if (strcmp(value, zones[i]) == 0) {
            rule->zone = (enum words_zone)i;
            return true;
        }
    }
    return mda_fail(err, MDA_ERROR_SYNTAX,
                    "words \"%s\": they may stand in the opening, among the writer's own, or "
                    "anywhere",
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
    {"enclosed", CONDITION_ENCLOSED, NULL}, {"reader-alone", CONDITION_READER_ALONE, NULL},
    {"to-list", CONDITION_TO_LIST, NULL},
};

static bool is_answer(enum condition_kind kind)
{
    return kind == CONDITION_ORIGINAL || kind == CONDITION_STATUS || kind == CONDITION_REPLY ||
           kind == CONDITION_MARK || kind == CONDITION_ENCLOSED || kind == CONDITION_READER_ALONE ||
           kind == CONDITION_TO_LIST;
}

static bool takes_regex(enum condition_kind kind)
{
    return kind == CONDITION_HEADER || kind == CONDITION_BODY || kind == CONDITION_DIAGNOSTIC;
}

static bool fill_condition(struct rule *rule, struct condition *condition, bool regex, guint line,
                           char *value, GError **err)
{
    condition->line = line;
    if (regex && !takes_regex(condition->kind))
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "\"%s\": regex- is for header fields, body and diagnostic", condition->key);
    if (is_answer(condition->kind))
        return read_yes(value, &condition->wanted, err);
    if (!regex) {
        bool anchors = condition->kind == CONDITION_HEADER;
        return add_phrases(rule, &condition->any, value, anchors, err);
    }
    if (!condition->pattern) {
        condition->pattern = value;
        return true;
    }
    g_autofree char *both = g_strconcat(condition->pattern, "|", value, NULL);
    condition->pattern = g_string_chunk_insert(rule->strings, both);
    return true;
}

// "not-", "regex-", a name and for header.NAME the field.
static bool set_condition(struct rule *rule, guint line, const char *key, char *value, GError **err)
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
        if (!condition->header) {
            g_autofree char *header = g_ascii_strdown(name + 7, -1);
            condition->header = g_string_chunk_insert(rule->strings, header);
        }
        return fill_condition(rule, condition, regex, line, value, err);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(condition_keys); i++) {
        if (!is_key(name, condition_keys[i].key))
            continue;
        struct condition *condition = condition_for(rule, key, condition_keys[i].kind, negated);
        condition->header = condition_keys[i].header;
        return fill_condition(rule, condition, regex, line, value, err);
    }
    return mda_fail(err, MDA_ERROR_SYNTAX,
                    "unknown key \"%s\"; conditions are sender, from, to, subject, header.NAME, "
                    "type, part, body, diagnostic, original, status, reply, enclosed, "
                    "reader-alone, to-list, mark, with not- or (some) "
                    "regex- before them; see backstop-rules(5)",
                    key);
}

static bool add_pattern(struct rule *rule, enum rule_pattern which, guint line, const char *value)
{
    if (!rule->patterns[which])
        rule->patterns[which] = g_ptr_array_new_with_free_func(pattern_free);
    struct pattern *pattern = g_new0(struct pattern, 1);
    pattern->text = value;
    pattern->line = line;
    g_ptr_array_add(rule->patterns[which], pattern);
    return true;
}

bool rule_set(struct rule *rule, guint line, char *key, char *value, GError **err)
{
    if (*value == '\0')
        return mda_fail(err, MDA_ERROR_SYNTAX, "\"%s\" has no value", key);
    key[strcspn(key, "[")] = '\0'; // body[de] is body
    g_strchomp(key);
    if (is_key(key, "class"))
        return set_class(rule, value, err);
    if (is_key(key, "order"))
        return set_order(rule, value, err);
    if (is_key(key, "any-mail"))
        return read_yes(value, &rule->any_mail, err);
    if (is_key(key, "refines"))
        return read_yes(value, &rule->refines, err);
    if (is_key(key, "writer"))
        return set_writer(rule, value, err);
    if (is_key(key, "words"))
        return set_words(rule, value, err);
    if (is_key(key, "untested"))
        return rule->untested = true;
    if (is_key(key, "comment"))
        return true;
    if (is_key(key, "delay"))
        return add_phrases(rule, &rule->delay, value, false, err);
    if (is_key(key, "success"))
        return add_phrases(rule, &rule->success, value, false, err);
    for (gsize i = 0; i < G_N_ELEMENTS(pattern_keys); i++) {
        if (is_key(key, pattern_keys[i].key))
            return add_pattern(rule, pattern_keys[i].which, line, value);
    }
    return set_condition(rule, line, key, value, err);
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

// Does RULE ask for words in the text, other than against it?
static bool asks_for_words(const struct rule *rule)
{
    for (guint i = 0; i < rule->conditions->len; i++) {
        const struct condition *condition = g_ptr_array_index(rule->conditions, i);
        if (condition->kind == CONDITION_BODY && !condition->negated)
            return true;
    }
    return false;
}

// What a report's words are worth depends on who wrote them, and where: a rule that makes mail
// automatic says both.
static bool check_author(const struct rule *rule, GError **err)
{
    bool makes =
        rule->kind == RULE_WRAPPER || (rule->kind == RULE_CLASS && rule->class != BOUNCE_NONE);
    if (makes && !rule->writer_set)
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "rule [%s] does not say who can have written such mail; add writer = "
                        "mail-system, null-sender, unnamed or anyone",
                        rule->name);
    if (makes && asks_for_words(rule) && !rule->zone_set)
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "rule [%s] does not say where its words have to stand; add words = "
                        "opening, own or anywhere",
                        rule->name);
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
    if (!check_author(rule, err))
        return false;
    return !patterns || check_patterns(rule, line_r, err);
}

static void enter(GArray *any, struct phrases *phrases)
{
    for (guint i = 0; any && i < any->len; i++) {
        struct phrase_test *test = &g_array_index(any, struct phrase_test, i);
        if (test->text && test->length >= PHRASE_MIN_BYTES) {
            test->number = phrases_add(phrases, test->text, test->length);
            test->numbered = true;
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
        pattern->text = NULL; // never tried again
    *regex_r = pattern->regex;
    return true;
}
