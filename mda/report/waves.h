// SPDX-License-Identifier: MIT
// Waves of reports in a row of hours: where they begin, are highest and ebb away. Pure.
#pragma once

#include <glib.h>

// Fewer reports in an hour are no wave, whatever is usual.
#define WAVE_REPORTS_MIN 10
// So many times as many as is usual in an hour.
#define WAVE_TIMES_USUAL 4
// So many hours without that end it.
#define WAVE_PAUSE_HOURS 6

struct wave {
    guint begin, peak, ebb; // hours, counted from the first
    guint64 reports, at_peak;
};

// The waves in HOURS numbers of reports at COUNTS: struct wave, the first one first. Owned by the
// caller.
GArray *waves_find(const guint32 *counts, guint hours);
