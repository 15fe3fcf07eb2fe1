// SPDX-License-Identifier: MIT
// Times and sizes as people write them in settings: "1m", "30 s", "2 days", "250ms", "64k", "10 MB".
// The words are those that Dovecot takes, and each may be cut short.
#pragma once

#include <glib.h>
#include <stdbool.h>

// What "unlimited" and "infinite" stand for.
#define QUANTITY_UNLIMITED_MILLISECONDS ((gint64)G_MAXINT32 * 1000)
#define QUANTITY_UNLIMITED_BYTES (G_MAXINT64 / 2)

// TEXT as milliseconds. Without a unit it is seconds; "m" is minutes. False: it is no time.
bool quantity_duration(const char *text, gint64 *milliseconds_r);

// TEXT as bytes; a k is 1024. False: it is no size.
bool quantity_size(const char *text, gint64 *bytes_r);

// TEXT as a number without a unit. False: it is none.
bool quantity_number(const char *text, gint64 *number_r);

// TEXT as yes or no, true or false, on or off, 1 or 0, in any case. False: it is none of them.
bool quantity_boolean(const char *text, bool *yes_r);
