// SPDX-License-Identifier: MIT
#include "sieve/lang/dates.h"

#include "message/date.h"

#include <string.h>
#include <time.h>

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
                               date_days(year, tm.tm_mon + 1, tm.tm_mday) + 40587);
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
        return g_strdup_printf("%s, %02d %s %04d %s %c%02d%02d", date_day_names[tm.tm_wday],
                               tm.tm_mday, date_month_names[tm.tm_mon], year, clock, sign, hours,
                               minutes);
    if (strcmp(name, "zone") == 0)
        return g_strdup_printf("%c%02d%02d", sign, hours, minutes);
    if (strcmp(name, "weekday") == 0)
        return g_strdup_printf("%d", tm.tm_wday);
    return NULL;
}
