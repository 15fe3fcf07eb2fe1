// SPDX-License-Identifier: MIT
// procmail's expressions in the dialect of Sieve's regex, or as plain strings where they are that.
#include "procmail/translate/rc-sieve-search.h"

#include <string.h>

#define WORD_EDGE "[^a-zA-Z0-9_]"

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

static bool convert_newline(struct rc_sieve_search *search, const char **at, bool first,
                            GString *out)
{
    bool last = !(*at)[1], anchor = **at == '^' && (*at)[1] == '^';
    if (anchor) {
        (*at)++;
        last = !(*at)[1];
        if (search->where == RC_SIEVE_IN_HEADER || (!first && !last))
            return false;
        g_string_append_c(out, first ? '^' : '$');
        return true;
    }
    if (first && **at == '^') {
        g_string_append(out, search->where == RC_SIEVE_IN_BODY ? "(^|[[:cntrl:]])" : "^");
        return true;
    }
    bool ends = last || (*at)[1] == ')' || (*at)[1] == '|';
    if (!ends || **at != '$')
        return false;
    g_string_append(out, search->where == RC_SIEVE_IN_BODY ? "([[:cntrl:]]|$)" : "$");
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

// "\/" opens the group that is MATCH, closed at the end.
char *rc_sieve_regex(struct rc_sieve_search *search, const char *pattern)
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

char *rc_sieve_comparison(struct rc_sieve_search *search, const char *test, const char *regex)
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
