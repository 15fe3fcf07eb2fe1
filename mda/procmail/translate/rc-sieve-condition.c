// SPDX-License-Identifier: MIT
// Conditions of recipes as Sieve tests: where to search, negation, sizes, weights.
#include "procmail/translate/rc-sieve-search.h"

#include <string.h>

static char *test_pattern(struct rc_sieve_search *search, const char *pattern)
{
    if (search->where == RC_SIEVE_IN_HEADER) {
        char *test = rc_sieve_test_header(search, pattern);
        if (!test)
            rc_sieve_remark(search->sieve, RC_LOST,
                            "\"%s\" names no header field that Sieve could test", pattern);
        return test;
    }
    g_autofree char *regex = rc_sieve_regex(search, pattern);
    if (!regex) {
        rc_sieve_remark(search->sieve, RC_LOST, "\"%s\" spans lines, which Sieve's regex cannot",
                        pattern);
        return NULL;
    }
    if (search->where == RC_SIEVE_IN_BODY) {
        rc_sieve_need(search->sieve, "body");
        return rc_sieve_comparison(search, "body :raw %", regex);
    }
    rc_sieve_need(search->sieve, "variables");
    g_autofree char *test = g_strdup_printf("string %% \"${%s}\"", search->variable);
    return rc_sieve_comparison(search, test, regex);
}

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static char *unfold(const char *text)
{
    GString *joined = g_string_new(NULL);
    for (; *text; text++) {
        if (*text == '\\' && text[1] == '\n') {
            text++;
            text = skip_blanks(text + 1) - 1;
        } else {
            g_string_append_c(joined, *text);
        }
    }
    g_strchomp(joined->str);
    return g_string_free(joined, FALSE);
}

static char *test_size(struct rc_sieve *sieve, const char *text)
{
    g_auto(GStrv) words = rc_sieve_words(sieve, text + 1, RC_TEXT);
    if (!words)
        return NULL;
    long long limit = g_ascii_strtoll(words[0], NULL, 10);
    return g_strdup_printf("size :%s %lld", *text == '>' ? "over" : "under", MAX(limit, 0));
}

// "NAME ??" in front of TEXT sets where to search; what follows, or NULL when that cannot be said.
static const char *take_area(struct rc_sieve_search *search, const char *text, char **name_r)
{
    const char *end = text;
    while (rc_is_name((guchar)*end))
        end++;
    const char *sign = skip_blanks(end);
    if (end == text || !g_str_has_prefix(sign, "??"))
        return text;
    *name_r = g_strndup(text, (gsize)(end - text));
    const char *rest = skip_blanks(sign + 2);
    if (strcmp(*name_r, "B") == 0) {
        search->where = RC_SIEVE_IN_BODY;
    } else if (strcmp(*name_r, "H") == 0) {
        search->where = RC_SIEVE_IN_HEADER;
    } else if (g_hash_table_contains(search->sieve->moving, *name_r)) {
        search->where = RC_SIEVE_IN_VALUE;
        search->variable = *name_r;
    } else {
        rc_sieve_remark(search->sieve, RC_LOST, "what %s is cannot be known in Sieve", *name_r);
        return NULL;
    }
    return rest;
}

static char *test_condition(struct rc_sieve_search *search, const char *text, bool *negated)
{
    g_autofree char *expanded = NULL;
    g_autofree char *name = NULL;
    if (!name && !(text = take_area(search, skip_blanks(text), &name)))
        return NULL;
    for (;;) {
        text = skip_blanks(text);
        if (*text == '!') {
            *negated = !*negated;
            text++;
        } else if (*text == '$') {
            g_autofree char *quoted = g_strconcat("\"", text + 1, NULL);
            g_auto(GStrv) words = rc_sieve_words(search->sieve, quoted, RC_TEXT);
            if (!words)
                return NULL;
            g_free(expanded);
            expanded = g_strdup(words[0]);
            text = expanded;
        } else {
            break;
        }
    }
    if (!name && !(text = take_area(search, text, &name)))
        return NULL;
    if (*text == '?') {
        rc_sieve_remark(search->sieve, RC_LOST, "a program decides here:%s", text + 1);
        return NULL;
    }
    if (*text == '<' || *text == '>') {
        if (!name)
            return test_size(search->sieve, text);
        rc_sieve_remark(search->sieve, RC_LOST, "Sieve cannot measure a part of the message");
        return NULL;
    }
    return test_pattern(search, *text == '\\' ? text + 1 : text);
}

static char *one_condition(struct rc_sieve *sieve, const struct rc_head *head, const char *text,
                           guint *match_r)
{
    struct rc_sieve_search search = {.sieve = sieve, .distinguish = head->flags[RC_DISTINGUISH]};
    bool negated = false;
    if (head->flags[RC_BODY_SEARCH]) {
        search.where = RC_SIEVE_IN_BODY;
        if (head->flags[RC_HEADER_SEARCH]) {
            rc_sieve_remark(sieve, RC_LOST, "Sieve cannot search header and body at once");
            return NULL;
        }
    }
    char *test = test_condition(&search, text, &negated);
    if (test && search.match && !negated)
        *match_r = search.match;
    if (test && negated) {
        char *not = g_strdup_printf("not %s", test);
        g_free(test);
        test = not ;
    }
    return test;
}

// "1^0 " in front of a condition: with such weights alone, any of them is enough.
static const char *take_simple_weight(const char *text, bool *weighted, bool *simple)
{
    char *end;
    double weight = g_ascii_strtod(text, &end);
    const char *sign = skip_blanks(end);
    *weighted = *simple = false;
    if (end == text || *sign != '^' || !strchr("0123456789+-.", *text))
        return text;
    *weighted = true;
    double exponent = g_ascii_strtod(sign + 1, &end);
    *simple = weight > 0 && exponent == 0 && end != sign + 1;
    return skip_blanks(end);
}

static char *join(const char *word, const GPtrArray *tests)
{
    GString *all = g_string_new(NULL);
    if (tests->len == 1)
        return g_string_free(g_string_append(all, g_ptr_array_index(tests, 0)), FALSE);
    for (guint i = 0; i < tests->len; i++)
        g_string_append_printf(all, "%s%s", i ? ",\n    " : "",
                               (char *)g_ptr_array_index(tests, i));
    g_autofree char *inside = g_string_free(all, FALSE);
    return g_strdup_printf("%s (%s)", word, inside);
}

char *rc_sieve_conditions(struct rc_sieve *sieve, const struct rc_statement *recipe,
                          const struct rc_head *head, guint *match_r)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) any = g_ptr_array_new_with_free_func(g_free);
    bool lost = false;
    *match_r = 0;
    for (guint i = 0; i < recipe->conditions->len; i++) {
        const struct rc_condition *condition = g_ptr_array_index(recipe->conditions, i);
        bool weighted, simple;
        sieve->line = condition->line;
        g_autofree char *text = unfold(condition->text);
        const char *rest = take_simple_weight(text, &weighted, &simple);
        if (weighted && !simple) {
            rc_sieve_remark(sieve, RC_LOST, "Sieve has no scores: %s", text);
            lost = true;
            continue;
        }
        char *test = *rest ? one_condition(sieve, head, rest, match_r) : g_strdup("true");
        if (test)
            g_ptr_array_add(weighted ? any : all, test);
        lost = lost || !test;
    }
    if (lost)
        return NULL;
    if (any->len > 0)
        g_ptr_array_add(all, join("anyof", any));
    return all->len > 0 ? join("allof", all) : g_strdup("true");
}
