// SPDX-License-Identifier: MIT
// The one reader of dates: RFC 5322 §3.3, the obsolete forms of its §4.3, and what people write.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum date_reading {
    DATE_STANDARD, // what RFC 5322 has, old forms too: what a Sieve script is answered by
    DATE_LENIENT,  // also "21-Nov-2026", and any words in front of the day of the month
};

// Reads TEXT ("Sat, 21 Nov 2026 03:07:48 +0000 (UTC)", also without the weekday, the seconds or the
// zone, with comments, a two-digit year, zone names), or what stands behind its last ';', where
// trace fields have their date. *SECONDS_R is Unix time, *MINUTES_R the zone in minutes east of
// UTC; an unknown zone is UTC (§4.3). False when it is no date (31 Feb is none) or NULL; then
// nothing is written.
bool date_read(const char *text, enum date_reading reading, gint64 *seconds_r, int *minutes_r);

// The same, DATE_LENIENT, where the zone does not matter.
bool date_parse(const char *text, gint64 *seconds_r);

// "+0100" as minutes. False when it is no such zone.
bool date_zone_parse(const char *text, int *minutes_r);

// Days from 1970-01-01 to a date of the Gregorian calendar.
gint64 date_days(int year, int month, int day);

extern const char *const date_month_names[12]; // "Jan" …
extern const char *const date_day_names[7];    // "Sun" …
