// SPDX-License-Identifier: MIT
// Where a message of an mbox begins (RFC 4155 appendix A, and what programs write in fact):
//
//   From alice@example.org Sat Nov 21 03:07:48 2026
//   From - Sat Nov 21 03:07:48 2026
//   From "A. Lice"@example.org Sat Nov 21 03:07 CET 2026 remote from relay
//   From alice@example.org  Sat, 21 Nov 2026 03:07:48 +0000
#include "store/read.h"

#include <string.h>

#define WORDS_MAX 24
#define LINE_MAX_BYTES 1000

static bool is_one_of(const char *word, const char *names)
{
    return strlen(word) >= 3 && g_ascii_isalpha(word[0]) && (word[3] == '\0' || word[3] == ',') &&
           strstr(names, ((char[]){g_ascii_tolower(word[0]), g_ascii_tolower(word[1]),
                                   g_ascii_tolower(word[2]), '\0'})) != NULL;
}

static bool is_weekday(const char *word)
{
    return is_one_of(word, "mon tue wed thu fri sat sun");
}

static bool is_month(const char *word)
{
    return is_one_of(word, "jan feb mar apr may jun jul aug sep oct nov dec");
}

static bool is_number(const char *word, gint64 low, gint64 high)
{
    char *rest;
    const gint64 value = g_ascii_strtoll(word, &rest, 10);
    return g_ascii_isdigit(word[0]) && *rest == '\0' && value >= low && value <= high;
}

// "3:07", "03:07:48"
static bool is_time(const char *word)
{
    return g_ascii_isdigit(word[0]) && strchr(word, ':') &&
           word[strspn(word, "0123456789:")] == '\0' && strlen(word) <= 8;
}

// A time, at most one name or offset of a zone, and a year; or, as in mail headers, the other way.
static bool is_time_and_year(char **words)
{
    if (!words[0] || !words[1])
        return false;
    if (is_number(words[0], 1970, 9999))
        return is_time(words[1]);
    if (!is_time(words[0]))
        return false;
    return is_number(words[1], 1970, 9999) || (words[2] && is_number(words[2], 1970, 9999)) ||
           (words[2] && words[3] && is_number(words[3], 1970, 9999));
}

// A date begins at WORDS: a weekday, then month and day in either order.
static bool is_date(char **words)
{
    if (!is_weekday(words[0]) || !words[1] || !words[2])
        return false;
    const bool american = is_month(words[1]) && is_number(words[2], 1, 31);
    const bool european = is_number(words[1], 1, 31) && is_month(words[2]);
    return (american || european) && is_time_and_year(words + 3);
}

// "Name:" with a name of RFC 5322 §3.6.8; ">From " is a From_ line that was quoted once more.
static bool begins_header(const char *line, const char *end)
{
    if (end - line >= 6 && memcmp(line, ">From ", 6) == 0)
        return true;
    const char *at = line;
    while (at<end && * at> ' ' && *at < 0x7f && *at != ':')
        at++;
    const char *colon = at;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return colon > line && at < end && *at == ':';
}

bool read_is_separator(const char *line, gsize length, const char *end)
{
    if (length < 20 || length > LINE_MAX_BYTES || memcmp(line, "From ", 5) != 0)
        return false;
    g_autofree char *text = g_strndup(line + 5, length - 5);
    g_strdelimit(text, "\t\r\n", ' ');
    g_auto(GStrv) all = g_strsplit(text, " ", -1);
    char *words[WORDS_MAX + 1] = {NULL};
    guint count = 0;
    for (char **word = all; *word && count < WORDS_MAX; word++) {
        if (**word)
            words[count++] = *word;
    }
    bool dated = false;
    // A sender stands in front, though some programs write none.
    for (guint i = 0; i < count && !dated; i++)
        dated = is_date(words + i);
    return dated && begins_header(line + length, end);
}
