// SPDX-License-Identifier: MIT
// Dates in header fields (RFC 5322 §3.3, §4.3) and their parts (RFC 5260 §4.2).
#pragma once

#include <glib.h>
#include <stdbool.h>

// Reads the date at the end of a field's VALUE (behind its last ';', if it has one): Unix time, and
// the zone in minutes east of UTC.
bool sieve_date_parse(const char *value, gint64 *time_r, int *zone_r);

// "+0100" as minutes.
bool sieve_zone_parse(const char *text, int *minutes_r);

// The zone of this host at TIME.
int sieve_zone_local(gint64 time);

bool sieve_date_part_known(const char *part);

// PART ("year", "iso8601" …) of TIME in ZONE; NULL when there is no such part. Owned by the caller.
char *sieve_date_part(gint64 time, int zone, const char *part);
