// SPDX-License-Identifier: MIT
// The parts of dates (RFC 5260 §4.2); message/date.h reads them.
#pragma once

#include <glib.h>
#include <stdbool.h>

// The zone of this host at TIME.
int sieve_zone_local(gint64 time);

bool sieve_date_part_known(const char *part);

// PART ("year", "iso8601" …) of TIME in ZONE; NULL when there is no such part. Owned by the caller.
char *sieve_date_part(gint64 time, int zone, const char *part);
