// SPDX-License-Identifier: MIT
#include "message/date.h"

#include <stdio.h>
#include <string.h>

// Days from 1 January 1970 of a day of the Gregorian calendar.
static gint64 days_of(gint64 year, gint64 month, gint64 day)
{
    if (month <= 2)
        year--;
    const gint64 era = (year >= 0 ? year : year - 399) / 400;
    const gint64 year_of_era = year - era * 400;
    const gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int month_of(const char *name)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++) {
        if (g_ascii_strncasecmp(names + 3 * i, name, 3) == 0)
            return i + 1;
    }
    return 0;
}

// Seconds east of Greenwich; an unknown zone counts as none, as RFC 5322 §4.3 says.
static gint64 zone_of(const char *zone)
{
    static const struct {
        const char *name;
        int hours;
    } names[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                 {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    if ((*zone == '+' || *zone == '-') && strspn(zone + 1, "0123456789") >= 4) {
        const int hours = (zone[1] - '0') * 10 + (zone[2] - '0');
        const int minutes = (zone[3] - '0') * 10 + (zone[4] - '0');
        return (*zone == '-' ? -60 : 60) * (hours * 60 + minutes);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strncasecmp(zone, names[i].name, 3) == 0)
            return names[i].hours * 3600;
    }
    return 0;
}

bool date_parse(const char *text, gint64 *seconds_r)
{
    if (!text)
        return false;
    const char *comma = strchr(text, ',');
    const char *at = comma ? comma + 1 : text;
    at += strcspn(at, "0123456789");
    int day, year, hour, minute, second = 0, used = 0;
    char month[4];
    if (sscanf(at, "%2d%*1[ -]%3[A-Za-z]%*1[ -]%4d %2d:%2d%n", &day, month, &year, &hour, &minute,
               &used) < 5 ||
        month_of(month) == 0)
        return false;
    at += used;
    int more = 0;
    if (sscanf(at, ":%2d%n", &second, &more) == 1)
        at += more;
    at += strspn(at, " ");
    if (year < 50)
        year += 2000;
    else if (year < 1000)
        year += 1900;
    if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds_r = days_of(year, month_of(month), day) * 86400 + hour * 3600 + minute * 60 + second -
                 zone_of(at);
    return true;
}
