// SPDX-License-Identifier: MIT
// POSIX extended regular expressions with GNU's operators, as Dovecot's engine has them from the C
// library. The C library says whether a pattern is one; it runs on PCRE2, which has limits on time
// and memory, so what means something else there is rewritten first.
#include "base/error.h"
#include "base/regex.h"
#include "sieve/lang/match-type.h"

#include <regex.h>
#include <string.h>

// Parentheses in parentheses, and how long a pattern may become with its repetitions written out:
// the C library does so.
#define ERE_MAX_DEPTH 200
#define ERE_MAX_EXPANDED 1000000

struct ere {
    const char *at;
    GString *out;
    guint depth;
    bool too_large;
};

static guint64 take_alternatives(struct ere *ere);

// ---- Brackets

// One element of a bracket expression: a character, or what [: :], [. .] and [= =] name. Returns
// its end; *START_R is where it begins within its marks, *CLASS_R says that it is a class.
static const char *bracket_element(const char *at, const char **start_r, gsize *length_r,
                                   bool *class_r)
{
    const char close[3] = {at[1], ']', '\0'};
    const char *end = *at == '[' && at[1] && strchr(":.=", at[1]) ? strstr(at + 2, close) : NULL;
    *class_r = end && at[1] == ':';
    *start_r = end && !*class_r ? at + 2 : at;
    *length_r = *class_r ? (gsize)(end + 2 - at)
                : end    ? (gsize)(end - at - 2)
                         : (gsize)(g_utf8_find_next_char(at, NULL) - at);
    return end ? end + 2 : at + *length_r;
}

static void append_element(GString *out, const char *start, gsize length, bool class)
{
    if (!class && length == 1 && g_ascii_ispunct(*start))
        g_string_append_c(out, '\\');
    g_string_append_len(out, start, (gssize)length);
}

// In POSIX a backslash in a bracket expression is plain text.
static void take_bracket(struct ere *ere)
{
    const char *at = ere->at + 1, *first = NULL;
    g_string_append_c(ere->out, '[');
    if (*at == '^')
        g_string_append_c(ere->out, *at++);
    for (first = at; *at && (*at != ']' || at == first);) {
        const char *start = NULL;
        gsize length = 0;
        bool class = false;
        // A hyphen between two elements makes a range of them.
        bool range = *at == '-' && at != first && at[1] && at[1] != ']';
        if (range)
            g_string_append_c(ere->out, *at++);
        at = bracket_element(at, &start, &length, &class);
        append_element(ere->out, start, length, class);
    }
    g_string_append_c(ere->out, ']');
    ere->at = *at ? at + 1 : at;
}

// ---- Atoms

// Behind a backslash: GNU's operators, back references, else the character itself.
static void take_escape(struct ere *ere)
{
    static const struct {
        char letter;
        const char *pcre;
    } operators[] = {
        {'<', "\\b(?=\\w)"}, {'>', "\\b(?<=\\w)"}, {'`', "\\A"}, {'\'', "\\z"}, {'w', "\\w"},
        {'W', "\\W"},        {'s', "\\s"},         {'S', "\\S"}, {'b', "\\b"},  {'B', "\\B"},
    };
    char letter = *++ere->at;
    for (guint i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (operators[i].letter == letter) {
            g_string_append(ere->out, operators[i].pcre);
            ere->at++;
            return;
        }
    }
    if (letter >= '1' && letter <= '9')
        g_string_append_printf(ere->out, "(?:\\%c)", letter);
    else
        append_element(ere->out, ere->at, letter ? 1 : 0, false);
    ere->at += letter != '\0';
}

static guint64 take_group(struct ere *ere)
{
    guint64 size = 0;
    ere->at++;
    g_string_append_c(ere->out, '(');
    if (ere->depth < ERE_MAX_DEPTH) {
        ere->depth++;
        size = take_alternatives(ere);
        ere->depth--;
    } else {
        ere->too_large = true;
    }
    g_string_append_c(ere->out, ')');
    ere->at += *ere->at == ')';
    return size;
}

static guint64 take_atom(struct ere *ere)
{
    switch (*ere->at) {
    case '(':
        return take_group(ere) + 1;
    case '[':
        take_bracket(ere);
        return 1;
    case '\\':
        take_escape(ere);
        return 1;
    case '$':
        g_string_append(ere->out, "\\z");
        break;
    case ')': // without an opening one it is plain text
        g_string_append(ere->out, "\\)");
        break;
    default: {
        const char *next = g_utf8_find_next_char(ere->at, NULL);
        g_string_append_len(ere->out, ere->at, next - ere->at);
        ere->at = next;
        return 1;
    }
    }
    ere->at++;
    return 1;
}

// ---- Repetitions

// Reads *, +, ? or {n,m} at ERE->at. False: there is none.
static bool take_repetition(struct ere *ere, guint64 *least_r, guint64 *most_r)
{
    *least_r = *ere->at == '+';
    *most_r = *ere->at == '?' ? 1 : G_MAXUINT64;
    if (*ere->at && strchr("*+?", *ere->at)) {
        ere->at++;
        return true;
    }
    if (*ere->at != '{')
        return false;
    char *end = NULL;
    *least_r = g_ascii_strtoull(ere->at + 1, &end, 10);
    *most_r = *least_r;
    if (*end == ',') {
        const char *from = end + 1;
        *most_r = g_ascii_strtoull(from, &end, 10);
        *most_r = end == from ? G_MAXUINT64 : *most_r;
    }
    ere->at = *end ? end + 1 : end;
    return true;
}

// An atom with its repetitions. Two of them in a row mean something else in PCRE ("a*?", "a*+"), so
// each gets a group of its own. Returns the size with the repetitions written out.
static guint64 take_piece(struct ere *ere)
{
    gsize start = ere->out->len;
    guint64 size = take_atom(ere), least = 0, most = 0;
    for (guint n = 0; !ere->too_large && take_repetition(ere, &least, &most); n++) {
        if (n > 0) {
            g_string_insert(ere->out, (gssize)start, "(?:");
            g_string_append_c(ere->out, ')');
        }
        g_string_append_printf(ere->out, "{%" G_GUINT64_FORMAT ",", least);
        if (most != G_MAXUINT64)
            g_string_append_printf(ere->out, "%" G_GUINT64_FORMAT, most);
        g_string_append_c(ere->out, '}');
        guint64 times = most == G_MAXUINT64 ? least + 1 : most;
        size = times > ERE_MAX_EXPANDED ? ERE_MAX_EXPANDED : size * MAX(times, 1);
        ere->too_large = size >= ERE_MAX_EXPANDED;
    }
    return size;
}

static guint64 take_alternatives(struct ere *ere)
{
    guint64 size = 0;
    while (*ere->at && !ere->too_large && !(*ere->at == ')' && ere->depth > 0)) {
        if (*ere->at == '|')
            g_string_append_c(ere->out, *ere->at++);
        else
            size += take_piece(ere);
        ere->too_large |= size >= ERE_MAX_EXPANDED;
    }
    return size;
}

// The pattern for PCRE2, or NULL: it is too large.
static char *to_pcre(const char *pattern)
{
    struct ere ere = {.at = pattern, .out = g_string_new(NULL)};
    take_alternatives(&ere);
    return g_string_free(ere.out, ere.too_large);
}

// ---- The door

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

struct regex *sieve_ere_compile(const char *pattern, bool caseless, GError **err)
{
    struct regex *regex = NULL;
    g_autofree char *pcre = to_pcre(pattern);
    if (!pcre) {
        mda_fail(err, MDA_ERROR_SYNTAX, "regular expression too big");
        return NULL;
    }
    if (!is_ere(pattern, err))
        return NULL;
    unsigned flags = REGEX_UTF | REGEX_DOTALL | REGEX_LONGEST | (caseless ? REGEX_CASELESS : 0);
    return regex_compile(pcre, -1, flags, &regex, err) ? regex : NULL;
}

enum regex_result sieve_ere_search(const struct regex *regex, const char *value,
                                   struct regex_span *spans_r, guint spans)
{
    const char *bad = NULL;
    gsize length = strlen(value);
    if (g_utf8_validate(value, (gssize)length, &bad))
        return regex_search_longest(regex, value, length, spans_r, spans);
    // What is no UTF-8 can be matched by a dot; the places stay the same.
    g_autofree char *copy = g_strdup(value);
    for (const char *at = copy; !g_utf8_validate(at, -1, &bad); at = bad)
        copy[bad - copy] = '\x1a';
    return regex_search_longest(regex, copy, length, spans_r, spans);
}
