// SPDX-License-Identifier: MIT
#include "message/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

const char *const date_month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
const char *const date_day_names[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

gint64 date_days(int year, int month, int day)
{
    year -= month <= 2;
    const gint64 era = (year >= 0 ? year : year - 399) / 400;
    const gint64 of_era = year - era * 400;
    const gint64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int find_name(const char *const *names, int count, const char *word)
{
    for (int i = 0; i < count; i++) {
        if (g_ascii_strncasecmp(names[i], word, 3) == 0)
            return i;
    }
    return -1;
}

// Blanks and comments may stand around the ':' of a time, and old mail has '.' there (RFC 5322
// §4.3).
static bool joins(const GString *out, const char *at)
{
    at += strspn(at, " \t\r\n");
    return *at == ':' || (out->len > 0 && out->str[out->len - 1] == ':');
}

// The words of a date with single blanks between, comments dropped, from behind the last ';'. The
// name of a day, if there is one, keeps its comma as a word.
static char *clean(const char *text)
{
    GString *out = g_string_new(NULL);
    int depth = 0;
    for (const char *at = text; *at; at++) {
        if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth > 0 || (g_ascii_isspace(*at) && joins(out, at)))
            continue;
        else if (*at == ';')
            g_string_truncate(out, 0);
        else if (*at == ',')
            g_string_append(out, " , ");
        else
            g_string_append_c(out, g_ascii_isspace(*at) ? ' ' : *at);
    }
    return g_string_free(out, FALSE);
}

bool date_zone_parse(const char *text, int *minutes_r)
{
    if ((*text != '+' && *text != '-') || strlen(text) != 5 || strspn(text + 1, "0123456789") != 4)
        return false;
    const int number = atoi(text + 1), minutes = number / 100 * 60 + number % 100;
    if (number % 100 > 59)
        return false;
    *minutes_r = *text == '-' ? -minutes : minutes;
    return true;
}

// The zones of RFC 822; an unknown name counts as UTC (RFC 5322 §4.3).
static int zone_of(const char *word)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                 {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    int minutes = 0;
    if (!word || date_zone_parse(word, &minutes))
        return minutes;
    for (guint i = 0; i < G_N_ELEMENTS(zones); i++) {
        if (g_ascii_strcasecmp(zones[i].name, word) == 0)
            return zones[i].hours * 60;
    }
    return 0;
}

static bool read_clock(const char *word, int *seconds_r)
{
    int hour = 0, minute = 0, second = 0;
    g_autofree char *colons = g_strdelimit(g_strdup(word), ".", ':');
    if (strspn(colons, "0123456789:") != strlen(colons) || g_str_has_suffix(colons, ":") ||
        sscanf(colons, "%2d:%2d:%2d", &hour, &minute, &second) < 2 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    // A leap second counts as the one before it: it belongs to that day.
    *seconds_r = hour * 3600 + minute * 60 + MIN(second, 59);
    return true;
}

// How many WORDS stand in front of the day of the month. A name of a day that has a comma may be
// any word.
static guint skip_day_name(const char *const *words, guint count, enum date_reading reading)
{
    guint at = 0;
    if (count > 1 && strcmp(words[1], ",") == 0)
        at = 2;
    else if (count > 0 && find_name(date_day_names, 7, words[0]) >= 0)
        at = 1;
    while (reading == DATE_LENIENT && at < count && !g_ascii_isdigit(*words[at]))
        at++;
    return at;
}

// "21-Nov-2026" as three words, in place.
static void split_hyphens(char *text)
{
    for (char *at = text; *at; at++) {
        if (*at == '-' && at > text && (g_ascii_isalpha(at[1]) || g_ascii_isalpha(at[-1])))
            *at = ' ';
    }
}

// The date in WORDS, which end in NULLs. False when it is none.
static bool read_words(const char *const *words, gint64 *seconds_r, int *minutes_r)
{
    const int day = atoi(words[0]), month = find_name(date_month_names, 12, words[1]) + 1;
    int year = atoi(words[2]), seconds = 0;
    if (month < 1 || !read_clock(words[3], &seconds))
        return false;
    // RFC 5322 §4.3: years of two and three digits.
    if (strlen(words[2]) == 2)
        year += year < 50 ? 2000 : 1900;
    else if (strlen(words[2]) == 3)
        year += 1900;
    // §3.3: "The year is any numeric year 1900 or later.".
    if (day < 1 || day > 31 || year < 1900 || year > 9999 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return false;
    *minutes_r = zone_of(words[4]);
    *seconds_r = date_days(year, month, day) * 86400 + seconds - *minutes_r * 60;
    return true;
}

bool date_read(const char *text, enum date_reading reading, gint64 *seconds_r, int *minutes_r)
{
    if (!text)
        return false;
    g_autofree char *cleaned = clean(text);
    if (reading == DATE_LENIENT)
        split_hyphens(cleaned);
    g_auto(GStrv) all = g_strsplit(cleaned, " ", 64);
    const char *words[WORDS_MAX + 2] = {NULL};
    guint count = 0;
    for (guint i = 0; all[i] && count < WORDS_MAX; i++) {
        if (*all[i])
            words[count++] = all[i];
    }
    const guint at = skip_day_name(words, count, reading);
    return count >= at + 4 && read_words(words + at, seconds_r, minutes_r);
}

bool date_parse(const char *text, gint64 *seconds_r)
{
    int minutes;
    return date_read(text, DATE_LENIENT, seconds_r, &minutes);
}
