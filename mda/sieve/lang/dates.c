// SPDX-License-Identifier: MIT
#include "sieve/lang/dates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// Blanks and comments may stand around the ':' of a time, and old mail has '.' there (RFC 5322
// §4.3).
static bool joins(const GString *out, const char *at)
{
    at += strspn(at, " \t\r\n");
    return *at == ':' || (out->len > 0 && out->str[out->len - 1] == ':');
}

// The words of a date with single blanks between, comments dropped. The name of a day, if there is
// one, keeps its comma as a word.
static char *clean(const char *value)
{
    const char *semicolon = strrchr(value, ';');
    GString *out = g_string_new(NULL);
    int depth = 0;
    for (const char *at = semicolon ? semicolon + 1 : value; *at; at++) {
        if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth > 0 || (g_ascii_isspace(*at) && joins(out, at)))
            continue;
        else if (*at == ',')
            g_string_append(out, " , ");
        else
            g_string_append_c(out, g_ascii_isspace(*at) ? ' ' : *at);
    }
    return g_string_free(out, FALSE);
}

static int find_name(const char *const *names, int count, const char *word)
{
    for (int i = 0; i < count; i++) {
        if (g_ascii_strncasecmp(names[i], word, 3) == 0)
            return i;
    }
    return -1;
}

bool sieve_zone_parse(const char *text, int *minutes_r)
{
    if ((*text != '+' && *text != '-') || strlen(text) != 5 || strspn(text + 1, "0123456789") != 4)
        return false;
    int number = atoi(text + 1), minutes = number / 100 * 60 + number % 100;
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
    if (sieve_zone_parse(word, &minutes))
        return minutes;
    for (guint i = 0; i < G_N_ELEMENTS(zones); i++) {
        if (g_ascii_strcasecmp(zones[i].name, word) == 0)
            return zones[i].hours * 60;
    }
    return 0;
}

// Days from 1970-01-01 to a date of the Gregorian calendar.
static gint64 days_of(int year, int month, int day)
{
    year -= month <= 2;
    gint64 era = (year >= 0 ? year : year - 399) / 400;
    gint64 of_era = year - era * 400;
    gint64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool parse_clock(const char *word, int *seconds_r)
{
    int hour = 0, minute = 0, second = 0;
    g_autofree char *colons = g_strdelimit(g_strdup(word), ".", ':');
    if (strspn(colons, "0123456789:") != strlen(colons) || g_str_has_suffix(colons, ":") ||
        sscanf(colons, "%2d:%2d:%2d", &hour, &minute, &second) < 2 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    // A leap second counts as the one before it: it belongs to that day.
    *seconds_r = hour * 3600 + minute * 60 + MIN(second, 59);
    return true;
}

// How many WORDS the name of the day takes: with a comma any word will do.
static guint skip_day_name(const char *const *words, guint count)
{
    if (count > 1 && strcmp(words[1], ",") == 0)
        return 2;
    return count > 0 && find_name(day_names, 7, words[0]) >= 0 ? 1 : 0;
}

bool sieve_date_parse(const char *value, gint64 *time_r, int *zone_r)
{
    g_autofree char *text = clean(value);
    g_auto(GStrv) all = g_strsplit(text, " ", 64);
    const char *words[9] = {NULL};
    guint count = 0;
    for (guint i = 0; all[i] && count < 8; i++) {
        if (*all[i])
            words[count++] = all[i];
    }
    guint at = skip_day_name(words, count);
    if (count < at + 4)
        return false;
    int day = atoi(words[at]), month = find_name(month_names, 12, words[at + 1]) + 1;
    int year = atoi(words[at + 2]), seconds = 0;
    if (month < 1 || year < 0 || !parse_clock(words[at + 3], &seconds))
        return false;
    // RFC 5322 §4.3: years of two and three digits.
    if (strlen(words[at + 2]) == 2)
        year += year < 50 ? 2000 : 1900;
    else if (strlen(words[at + 2]) == 3)
        year += 1900;
    // §3.3: "The year is any numeric year 1900 or later.".
    if (day < 1 || year < 1900 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return false;
    *zone_r = words[at + 4] ? zone_of(words[at + 4]) : 0;
    *time_r = days_of(year, month, day) * 86400 + seconds - *zone_r * 60;
    return true;
}

int sieve_zone_local(gint64 now)
{
    time_t when = (time_t)now;
    struct tm local = {0};
    localtime_r(&when, &local);
    return (int)(local.tm_gmtoff / 60);
}

static const char *const part_names[] = {"year",  "month",  "day",    "date", "julian",
                                         "hour",  "minute", "second", "time", "iso8601",
                                         "std11", "zone",   "weekday"};

bool sieve_date_part_known(const char *part)
{
    for (guint i = 0; i < G_N_ELEMENTS(part_names); i++) {
        if (g_ascii_strcasecmp(part_names[i], part) == 0)
            return true;
    }
    return false;
}

char *sieve_date_part(gint64 now, int zone, const char *part)
{
    time_t when = (time_t)(now + zone * 60);
    struct tm tm = {0};
    if (!gmtime_r(&when, &tm))
        return NULL;
    char sign = zone < 0 ? '-' : '+';
    int hours = ABS(zone) / 60, minutes = ABS(zone) % 60, year = tm.tm_year + 1900;
    char iso[64], clock[32];
    g_snprintf(clock, sizeof clock, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    g_snprintf(iso, sizeof iso, "%04d-%02d-%02d", year, tm.tm_mon + 1, tm.tm_mday);
    g_autofree char *name = g_ascii_strdown(part, -1);
    if (strcmp(name, "year") == 0)
        return g_strdup_printf("%04d", year);
    if (strcmp(name, "month") == 0)
        return g_strdup_printf("%02d", tm.tm_mon + 1);
    if (strcmp(name, "day") == 0)
        return g_strdup_printf("%02d", tm.tm_mday);
    if (strcmp(name, "date") == 0)
        return g_strdup(iso);
    if (strcmp(name, "julian") == 0) // modified Julian day: 0 is 1858-11-17
        return g_strdup_printf("%" G_GINT64_FORMAT,
                               days_of(year, tm.tm_mon + 1, tm.tm_mday) + 40587);
    if (strcmp(name, "hour") == 0)
        return g_strdup_printf("%02d", tm.tm_hour);
    if (strcmp(name, "minute") == 0)
        return g_strdup_printf("%02d", tm.tm_min);
    if (strcmp(name, "second") == 0)
        return g_strdup_printf("%02d", tm.tm_sec);
    if (strcmp(name, "time") == 0)
        return g_strdup(clock);
    if (strcmp(name, "iso8601") == 0 && zone == 0)
        return g_strdup_printf("%sT%sZ", iso, clock);
    if (strcmp(name, "iso8601") == 0)
        return g_strdup_printf("%sT%s%c%02d:%02d", iso, clock, sign, hours, minutes);
    if (strcmp(name, "std11") == 0)
        return g_strdup_printf("%s, %02d %s %04d %s %c%02d%02d", day_names[tm.tm_wday], tm.tm_mday,
                               month_names[tm.tm_mon], year, clock, sign, hours, minutes);
    if (strcmp(name, "zone") == 0)
        return g_strdup_printf("%c%02d%02d", sign, hours, minutes);
    if (strcmp(name, "weekday") == 0)
        return g_strdup_printf("%d", tm.tm_wday);
    return NULL;
}
