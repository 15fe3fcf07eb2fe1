// SPDX-License-Identifier: MIT
// Expressions for the header as Sieve tests. procmail searches the whole raw header; an expression
// that begins with the name of a field ("^Subject:.*x", "^(To|Cc):", "^TO_") becomes a test of that
// field.
#include "procmail/translate/rc-sieve-search.h"

#include <string.h>

#define TO_FIELDS                                                                                  \
    "\"to\", \"cc\", \"bcc\", \"resent-to\", \"resent-cc\", \"resent-bcc\", \"original-to\", "     \
    "\"original-cc\", \"original-bcc\", \"x-envelope-to\", \"apparently-to\", "                    \
    "\"apparently-resent-to\""
#define FROM_FIELDS "\"from\", \"sender\", \"resent-from\", \"resent-sender\", \"x-envelope-from\""
#define ORIGIN_START "(^|[^(.%@a-z0-9])("
#define ORIGIN_STOP ")(([^).!:a-z0-9][-_a-z0-9]*)?[%@> ][^<)]*(\\(.*\\).*)?)?$"

static const char daemons[] = ORIGIN_START
    "Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|LIST(SERV|proc)|"
    "NETSERV|o(wner|ps)|r(e(quest|sponse)|oot)|b(ounce|bs\\.smtp)|echo|mirror|s(erv(ices?|er)|"
    "mtp(error)?|ystem)|A(dmin(istrator)?|MMGR|utoanswer)" ORIGIN_STOP;
static const char mailers[] =
    ORIGIN_START "Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|"
                 "r(esponse|oot)|(bbs\\.)?smtp(error)?|s(erv(ices?|er)|ystem)|A(dmin(istrator)?|"
                 "MMGR)" ORIGIN_STOP;

static const char *skip_spaces_pattern(const char *at)
{
    for (;;) {
        if (g_str_has_prefix(at, "[ \t]") || g_str_has_prefix(at, "[\t ]"))
            at += 4;
        else if (*at == ' ' || *at == '\t')
            at++;
        else
            return at;
        if (*at == '*' || *at == '+' || *at == '?')
            at++;
    }
}

// The test of FIELDS (a Sieve string list's inside) for what stands behind the colon.
static char *test_fields(struct rc_sieve_search *search, const char *fields, const char *rest)
{
    bool anywhere = false;
    if (*rest && strchr("*+?", *rest))
        return NULL; // it is the colon that may be repeated
    while (g_str_has_prefix(rest, ".*")) {
        anywhere = true;
        rest += 2;
    }
    if (!anywhere) {
        const char *text = skip_spaces_pattern(rest);
        anywhere = g_str_has_prefix(text, ".*");
        rest = anywhere ? text + 2 : text;
    }
    g_autofree char *copy = g_strdup(rest);
    gsize length = strlen(copy);
    if (length >= 2 && g_str_has_suffix(copy, ".*") && !strstr(copy, "\\/") &&
        (length < 3 || copy[length - 3] != '\\'))
        copy[length - 2] = '\0';
    if (!*copy)
        return g_strdup_printf("exists [%s]", fields);
    g_autofree char *regex = rc_sieve_regex(search, copy);
    if (!regex)
        return NULL;
    bool alternatives = strchr(regex, '|') && regex[0] != '(';
    g_autofree char *anchored = anywhere                       ? g_strdup(regex)
                                : alternatives                 ? g_strdup_printf("^(%s)", regex)
                                : g_str_has_prefix(regex, "^") ? g_strdup(regex)
                                                               : g_strconcat("^", regex, NULL);
    if (!anywhere && alternatives && search->match)
        search->match++;
    g_autofree char *test = g_strdup_printf("header %% [%s]", fields);
    return rc_sieve_comparison(search, test, anchored);
}

// Splits at '|' outside groups; NULL-terminated, owned by the caller.
static char **split_alternatives(const char *pattern)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    g_autoptr(GString) part = g_string_new(NULL);
    int depth = 0;
    bool set = false;
    for (; *pattern; pattern++) {
        if (*pattern == '\\' && pattern[1]) {
            g_string_append_c(part, *pattern++);
        } else if (set) {
            set = *pattern != ']';
        } else if (*pattern == '[') {
            set = true;
        } else if (*pattern == '(' || *pattern == ')') {
            depth += *pattern == '(' ? 1 : -1;
        } else if (*pattern == '|' && depth == 0) {
            g_ptr_array_add(parts, g_strdup(part->str));
            g_string_truncate(part, 0);
            continue;
        }
        g_string_append_c(part, *pattern);
    }
    g_ptr_array_add(parts, g_strdup(part->str));
    g_ptr_array_add(parts, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&parts), FALSE);
}

// The end of the group that opens at AT, or NULL.
static const char *group_end(const char *at)
{
    int depth = 0;
    for (; *at; at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')' && --depth == 0)
            return at;
    }
    return NULL;
}

static bool is_field_name(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!g_ascii_isalnum(*name) && *name != '-' && *name != '_')
            return false;
    return true;
}

// Adds the names that PATTERN ("Subject", "(To|Cc)", "(Resent-)?From", "X-(A|B)") stands for.
static bool expand_names(const char *before, const char *pattern, GPtrArray *names)
{
    const char *open = strchr(pattern, '(');
    if (!open) {
        char *name = g_strconcat(before, pattern, NULL);
        g_ptr_array_add(names, name);
        return is_field_name(name) && names->len < 100;
    }
    const char *close = group_end(open);
    if (!close)
        return false;
    g_autofree char *inside = g_strndup(open + 1, (gsize)(close - open - 1));
    g_autofree char *head = g_strndup(pattern, (gsize)(open - pattern));
    bool optional = close[1] == '?';
    g_auto(GStrv) choices = split_alternatives(inside);
    for (guint i = 0; choices[i]; i++) {
        g_autofree char *rest = g_strconcat(head, choices[i], close + (optional ? 2 : 1), NULL);
        if (!expand_names(before, rest, names))
            return false;
    }
    g_autofree char *without = g_strconcat(head, close + (optional ? 2 : 1), NULL);
    return !optional || expand_names(before, without, names);
}

// "name", "name" for the names that PATTERN stands for, or NULL.
static char *field_list(const char *pattern)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) list = g_string_new(NULL);
    if (!expand_names("", pattern, names))
        return NULL;
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(list, "%s\"%s\"", i ? ", " : "",
                               (char *)g_ptr_array_index(names, i));
    return g_string_free(g_steal_pointer(&list), FALSE);
}

static char *either(const char *first, const char *second)
{
    return first && second ? g_strdup_printf("anyof (%s, %s)", first, second) : NULL;
}

static char *test_origin(struct rc_sieve_search *search, const char *regex, bool lists)
{
    g_autofree char *fields = rc_sieve_comparison(search, "header % [" FROM_FIELDS "]", regex);
    g_autofree char *envelope = rc_sieve_comparison(search, "envelope % \"from\"", regex);
    rc_sieve_need(search->sieve, "envelope");
    if (!lists)
        return either(fields, envelope);
    rc_sieve_need(search->sieve, "regex");
    return g_strdup_printf("anyof (exists \"mailing-list\", header :regex \"precedence\" "
                           "\"(junk|bulk|list)\", header :regex \"to\" \"^Multiple recipients of "
                           "\", %s, %s)",
                           fields, envelope);
}

static char *test_destination(struct rc_sieve_search *search, const char *edge, const char *rest)
{
    g_autofree char *pattern = rc_sieve_regex(search, rest);
    if (!pattern)
        return NULL;
    if (search->match)
        search->match++;
    g_autofree char *regex = g_strdup_printf("(^|%s)%s", edge, pattern);
    return rc_sieve_comparison(search, "header % [" TO_FIELDS "]", regex);
}

// "^From.*alice", which people write for "^From:.*alice".
static char *test_without_colon(struct rc_sieve_search *search, const char *pattern)
{
    const char *rest = strstr(pattern, ".*");
    g_autofree char *name = rest ? g_strndup(pattern, (gsize)(rest - pattern)) : NULL;
    g_autofree char *fields = rest ? field_list(name) : NULL;
    if (!fields)
        return NULL;
    rc_sieve_remark(search->sieve, RC_DIFFERS,
                    "\"^%s\" without a colon now means fields of just "
                    "that name",
                    name);
    return test_fields(search, fields, rest);
}

// "^(From|To): x", "^(From: x|To: y)", "^Subject: x": what follows the "^".
static char *test_named(struct rc_sieve_search *search, const char *pattern)
{
    const char *end = *pattern == '(' ? group_end(pattern) : NULL;
    const char *value = strpbrk(pattern, ":."); // where the name ends
    if (end && !end[1] && !value)
        return NULL;
    if (end && value && value < end) { // it ends in the group
        g_autofree char *inside = g_strndup(pattern + 1, (gsize)(end - pattern - 1));
        g_auto(GStrv) choices = split_alternatives(inside);
        g_autoptr(GString) all = g_string_new(NULL);
        for (guint i = 0; choices[i]; i++) {
            g_autofree char *whole = g_strconcat("^", choices[i], end + 1, NULL);
            g_autofree char *test = rc_sieve_test_header(search, whole);
            if (!test)
                return NULL;
            g_string_append_printf(all, "%s%s", i ? ", " : "", test);
        }
        return g_strdup_printf("anyof (%s)", all->str);
    }
    const char *colon = strchr(pattern, ':');
    if (value && *value == '.')
        return test_without_colon(search, pattern);
    if (!colon) { // "^X-Spam-Flag": a name that begins so
        if (!is_field_name(pattern))
            return NULL;
        rc_sieve_remark(search->sieve, RC_DIFFERS, "\"^%s\" now means a field of just that name",
                        pattern);
        return g_strdup_printf("exists \"%s\"", pattern);
    }
    g_autofree char *name = g_strndup(pattern, (gsize)(colon - pattern));
    g_autofree char *fields = field_list(name);
    return fields ? test_fields(search, fields, colon + 1) : NULL;
}

char *rc_sieve_test_header(struct rc_sieve_search *search, const char *pattern)
{
    while (g_str_has_prefix(pattern, "()"))
        pattern += 2;
    g_auto(GStrv) choices = split_alternatives(pattern);
    if (choices[1]) {
        g_autofree char *result = rc_sieve_test_header(search, choices[0]);
        for (guint i = 1; choices[i] && result; i++) {
            g_autofree char *test = rc_sieve_test_header(search, choices[i]);
            char *both = either(result, test);
            g_free(result);
            result = both;
        }
        return g_steal_pointer(&result);
    }
    const char *end = *pattern == '(' ? group_end(pattern) : NULL;
    if (end && !end[1]) { // a group around it all
        g_autofree char *inside = g_strndup(pattern + 1, (gsize)(end - pattern - 1));
        return rc_sieve_test_header(search, inside);
    }
    if (g_str_has_prefix(pattern, "^FROM_DAEMON") && !pattern[12])
        return test_origin(search, daemons, true);
    if (g_str_has_prefix(pattern, "^FROM_MAILER") && !pattern[12])
        return test_origin(search, mailers, false);
    if (g_str_has_prefix(pattern, "^TO_"))
        return test_destination(search, "[^-a-zA-Z0-9_.]", pattern + 4);
    if (g_str_has_prefix(pattern, "^TO"))
        return test_destination(search, "[^a-zA-Z]", pattern + 3);
    return pattern[0] == '^' && pattern[1] != '^' ? test_named(search, pattern + 1) : NULL;
}
