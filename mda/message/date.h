// SPDX-License-Identifier: MIT
// The date-time of RFC 5322 §3.3, also as people get it wrong.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Reads TEXT ("Sat, 21 Nov 2026 03:07:48 +0000 (UTC)", also without the weekday, the seconds or the
// zone, with a two-digit year, with zone names). False when it is no date.
bool date_parse(const char *text, gint64 *seconds_r);
