// SPDX-License-Identifier: MIT
// Conditions as Sieve tests. A procmail expression searches the whole raw header; one that begins
// with the name of a field ("^Subject:.*x", "^(To|Cc):", "^TO_") becomes a test of that field.
#include "procmail/rc-sieve.h"

#include <stdlib.h>
#include <string.h>

#define WORD_EDGE "[^a-zA-Z0-9_]"
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

struct search {
    struct rc_sieve *sieve;
    enum { IN_HEADER, IN_BODY, IN_VALUE } where;
    const char *variable; // IN_VALUE
    bool distinguish;
    guint match; // the group that MATCH is
};

// --- the dialect

static guint count_groups(const char *regex, gsize length)
{
    guint groups = 0;
    bool set = false;
    for (gsize i = 0; i < length; i++) {
        if (regex[i] == '\\')
            i++;
        else if (regex[i] == '[')
            set = true;
        else if (regex[i] == ']')
            set = false;
        else if (regex[i] == '(' && !set)
            groups++;
    }
    return groups;
}

// A bracket expression is the same in both, but for a backslash, which people take for an escape.
static const char *convert_set(const char *at, GString *out)
{
    g_string_append_c(out, *at++);
    if (*at == '^')
        g_string_append_c(out, *at++);
    if (*at == ']')
        g_string_append_c(out, *at++);
    for (; *at && *at != ']'; at++)
        if (*at != '\\' || at[1] == '\\')
            g_string_append_c(out, *at);
    g_string_append_c(out, ']');
    return *at ? at : at - 1;
}

static bool convert_newline(struct search *search, const char **at, bool first, GString *out)
{
    bool last = !(*at)[1], anchor = **at == '^' && (*at)[1] == '^';
    if (anchor) {
        (*at)++;
        last = !(*at)[1];
        if (search->where == IN_HEADER || (!first && !last))
            return false;
        g_string_append_c(out, first ? '^' : '$');
        return true;
    }
    if (first && **at == '^') {
        g_string_append(out, search->where == IN_BODY ? "(^|[[:cntrl:]])" : "^");
        return true;
    }
    bool ends = last || (*at)[1] == ')' || (*at)[1] == '|';
    if (!ends || **at != '$')
        return false;
    g_string_append(out, search->where == IN_BODY ? "([[:cntrl:]]|$)" : "$");
    return true;
}

static void convert_escape(const char **at, GString *out)
{
    (*at)++;
    if (**at == '<')
        g_string_append(out, "(^|" WORD_EDGE ")");
    else if (**at == '>')
        g_string_append(out, "($|" WORD_EDGE ")");
    else if (**at && strchr(".[]{}()*+?|^$\\", **at))
        g_string_append_printf(out, "\\%c", **at);
    else if (**at)
        g_string_append_c(out, **at);
    else
        (*at)--;
}

// PATTERN in the dialect of Sieve's regex; NULL when it cannot be said. "\/" opens the group that
// is MATCH, closed at the end.
static char *convert(struct search *search, const char *pattern)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool open = false;
    for (const char *at = pattern; *at; at++) {
        if (g_str_has_prefix(at, "\\/")) {
            if (open || strchr(at, ')')) // within a group it cannot be told where it ends
                return NULL;
            search->match = count_groups(out->str, out->len) + 1;
            g_string_append_c(out, '(');
            open = true;
            at++;
        } else if (*at == '\\') {
            convert_escape(&at, out);
        } else if (*at == '[') {
            at = convert_set(at, out);
        } else if (*at == '^' || *at == '$') {
            if (!convert_newline(search, &at, at == pattern, out))
                return NULL;
        } else if (*at == '{' || *at == '}') {
            g_string_append_printf(out, "\\%c", *at);
        } else {
            g_string_append_c(out, *at);
        }
    }
    if (open)
        g_string_append_c(out, ')');
    return g_string_free(g_steal_pointer(&out), FALSE);
}

// The text that REGEX matches and nothing else, or NULL when it has operators.
static char *literal_of(const char *regex)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (; *regex; regex++) {
        if (*regex == '\\' && regex[1])
            regex++;
        else if (strchr(".[](){}*+?|^$", *regex))
            return NULL;
        g_string_append_c(text, *regex);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

// "TEST :how KEYS "pattern"" for a regex, with the plainest way to say it.
static char *comparison(struct search *search, const char *test, const char *regex)
{
    const char *comparator = search->distinguish ? " :comparator \"i;octet\"" : "";
    bool start = regex[0] == '^';
    gsize length = strlen(regex);
    bool end = length > 1 && regex[length - 1] == '$' && regex[length - 2] != '\\';
    g_autofree char *inner =
        g_strndup(regex + (start ? 1 : 0), length - (start ? 1 : 0) - (end ? 1 : 0));
    g_autofree char *literal = start == end && !search->match ? literal_of(inner) : NULL;
    g_auto(GStrv) parts = g_strsplit(test, "%", 2);
    g_autofree char *key = rc_sieve_string(literal ? literal : regex);
    const char *how = !literal ? ":regex" : start ? ":is" : ":contains";
    if (!literal)
        rc_sieve_need(search->sieve, "regex");
    return g_strdup_printf("%s%s%s%s %s", parts[0], how, comparator, parts[1], key);
}

// --- fields

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
static char *test_fields(struct search *search, const char *fields, const char *rest)
{
    bool anywhere = false;
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
    g_autofree char *regex = convert(search, copy);
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
    return comparison(search, test, anchored);
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

static char *test_origin(struct search *search, const char *regex, bool lists)
{
    g_autofree char *fields = comparison(search, "header % [" FROM_FIELDS "]", regex);
    g_autofree char *envelope = comparison(search, "envelope % \"from\"", regex);
    rc_sieve_need(search->sieve, "envelope");
    if (!lists)
        return either(fields, envelope);
    rc_sieve_need(search->sieve, "regex");
    return g_strdup_printf("anyof (exists \"mailing-list\", header :regex \"precedence\" "
                           "\"(junk|bulk|list)\", header :regex \"to\" \"^Multiple recipients of "
                           "\", %s, %s)",
                           fields, envelope);
}

static char *test_destination(struct search *search, const char *edge, const char *rest)
{
    g_autofree char *pattern = convert(search, rest);
    if (!pattern)
        return NULL;
    if (search->match)
        search->match++;
    g_autofree char *regex = g_strdup_printf("(^|%s)%s", edge, pattern);
    return comparison(search, "header % [" TO_FIELDS "]", regex);
}

static char *test_header(struct search *search, const char *pattern);

// "^(From|To): x", "^(From: x|To: y)", "^Subject: x": what follows the "^".
static char *test_named(struct search *search, const char *pattern)
{
    const char *end = *pattern == '(' ? group_end(pattern) : NULL;
    if (end && !end[1] && !strchr(pattern, ':'))
        return NULL;
    if (end && memchr(pattern, ':', (gsize)(end - pattern))) { // the colon stands in the group
        g_autofree char *inside = g_strndup(pattern + 1, (gsize)(end - pattern - 1));
        g_auto(GStrv) choices = split_alternatives(inside);
        g_autoptr(GString) all = g_string_new(NULL);
        for (guint i = 0; choices[i]; i++) {
            g_autofree char *whole = g_strconcat("^", choices[i], end + 1, NULL);
            g_autofree char *test = test_header(search, whole);
            if (!test)
                return NULL;
            g_string_append_printf(all, "%s%s", i ? ", " : "", test);
        }
        return g_strdup_printf("anyof (%s)", all->str);
    }
    const char *colon = strchr(pattern, ':');
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

static char *test_header(struct search *search, const char *pattern)
{
    while (g_str_has_prefix(pattern, "()"))
        pattern += 2;
    g_auto(GStrv) choices = split_alternatives(pattern);
    if (choices[1]) {
        g_autofree char *result = test_header(search, choices[0]);
        for (guint i = 1; choices[i] && result; i++) {
            g_autofree char *test = test_header(search, choices[i]);
            char *both = either(result, test);
            g_free(result);
            result = both;
        }
        return g_steal_pointer(&result);
    }
    const char *end = *pattern == '(' ? group_end(pattern) : NULL;
    if (end && !end[1]) { // a group around it all
        g_autofree char *inside = g_strndup(pattern + 1, (gsize)(end - pattern - 1));
        return test_header(search, inside);
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

static char *test_pattern(struct search *search, const char *pattern)
{
    if (search->where == IN_HEADER) {
        char *test = test_header(search, pattern);
        if (!test)
            rc_sieve_remark(search->sieve, RC_LOST,
                            "\"%s\" names no header field that Sieve could test", pattern);
        return test;
    }
    g_autofree char *regex = convert(search, pattern);
    if (!regex) {
        rc_sieve_remark(search->sieve, RC_LOST, "\"%s\" spans lines, which Sieve's regex cannot",
                        pattern);
        return NULL;
    }
    if (search->where == IN_BODY) {
        rc_sieve_need(search->sieve, "body");
        return comparison(search, "body :raw %", regex);
    }
    rc_sieve_need(search->sieve, "variables");
    g_autofree char *test = g_strdup_printf("string %% \"${%s}\"", search->variable);
    return comparison(search, test, regex);
}

// --- conditions

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
static const char *take_area(struct search *search, const char *text, char **name_r)
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
        search->where = IN_BODY;
    } else if (strcmp(*name_r, "H") == 0) {
        search->where = IN_HEADER;
    } else if (g_hash_table_contains(search->sieve->moving, *name_r)) {
        search->where = IN_VALUE;
        search->variable = *name_r;
    } else {
        rc_sieve_remark(search->sieve, RC_LOST, "what %s is cannot be known in Sieve", *name_r);
        return NULL;
    }
    return rest;
}

static char *test_condition(struct search *search, const char *text, bool *negated)
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
    struct search search = {.sieve = sieve, .distinguish = head->flags[RC_DISTINGUISH]};
    bool negated = false;
    if (head->flags[RC_BODY_SEARCH]) {
        search.where = IN_BODY;
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
