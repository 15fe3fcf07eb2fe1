// SPDX-License-Identifier: MIT
// :regex and :quoteregex (draft-ietf-sieve-regex): POSIX extended regular expressions. The C
// library says whether a pattern is one; it runs on PCRE2, which has limits on time and memory.
// What means something else there is rewritten first. Left out: of several ways to match, POSIX
// takes the longest and PCRE2 the first, which match values can show ("a|ab").
#include "base/error.h"
#include "base/regex.h"
#include "sieve/match.h"

#include <regex.h>
#include <string.h>

static bool is_ere(const char *pattern, GError **err)
{
    regex_t compiled;
    int code = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        char message[128] = "";
        regerror(code, &compiled, message, sizeof message);
        message[0] = g_ascii_tolower(message[0]);
        return mda_fail(err, MDA_ERROR_SYNTAX, "%s", message);
    }
    regfree(&compiled);
    return true;
}

// A bracket expression: in POSIX a backslash in it is plain text.
static const char *take_bracket(const char *at, GString *out)
{
    g_string_append_c(out, *at++);
    if (*at == '^')
        g_string_append_c(out, *at++);
    if (*at == ']') {
        g_string_append(out, "\\]");
        at++;
    }
    while (*at && *at != ']') {
        if (*at == '[' && at[1] && strchr(":.=", at[1])) {
            char close[3] = {at[1], ']', '\0'};
            const char *end = strstr(at + 2, close);
            if (end && at[1] == ':') {
                g_string_append_len(out, at, end + 2 - at);
                at = end + 2;
                continue;
            }
            if (end) {
                g_string_append_len(out, at + 2, end - at - 2);
                at = end + 2;
                continue;
            }
        }
        if (*at == '\\' || *at == '[')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at++);
    }
    if (*at)
        g_string_append_c(out, *at++);
    return at;
}

// Behind a backslash: GNU's operators, back references, else the character itself.
static const char *take_escape(const char *at, GString *out)
{
    switch (*at) {
    case '<':
        g_string_append(out, "\\b(?=\\w)");
        break;
    case '>':
        g_string_append(out, "\\b(?<=\\w)");
        break;
    case '`':
        g_string_append(out, "\\A");
        break;
    case '\'':
        g_string_append(out, "\\z");
        break;
    default:
        if (!g_ascii_isalnum(*at) || strchr("wWsSbB123456789", *at))
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at);
        break;
    }
    return at + 1;
}

static char *to_pcre(const char *pattern)
{
    GString *out = g_string_new(NULL);
    for (const char *at = pattern; *at;) {
        if (*at == '[') {
            at = take_bracket(at, out);
        } else if (*at == '\\' && at[1]) {
            at = take_escape(at + 1, out);
        } else if (*at == '$') {
            g_string_append(out, "\\z");
            at++;
        } else if (strchr("*+?}", *at) && strchr("+?", at[1]) && at[1]) {
            // "a*?" is a repeated repetition in POSIX, and would be a lazy one.
            g_string_append_c(out, *at++);
            while (*at && strchr("+?*", *at))
                at++;
        } else {
            g_string_append_c(out, *at++);
        }
    }
    return g_string_free(out, FALSE);
}

struct regex *sieve_ere_compile(const char *pattern, bool caseless, GError **err)
{
    struct regex *regex = NULL;
    if (!is_ere(pattern, err))
        return NULL;
    g_autofree char *pcre = to_pcre(pattern);
    unsigned flags = REGEX_UTF | REGEX_DOTALL | (caseless ? REGEX_CASELESS : 0);
    return regex_compile(pcre, -1, flags, &regex, err) ? regex : NULL;
}

static const struct sieve_tag tags[] = {
    {.name = "regex", .group = "MATCH-TYPE", .verbs = "@match", .id = MATCH_REGEX},
    {.name = "quoteregex", .group = "*", .verbs = "set", .id = 20},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_regex = {.name = "regex", .tags = tags};
