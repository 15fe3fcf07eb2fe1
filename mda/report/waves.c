// SPDX-License-Identifier: MIT
// Design rationale
// - What is usual is the median of all hours: a wave must last for half of the time to move it.
// - A wave begins in its first full hour and ebbs in its last one: full is ten reports, and four
//   times the usual.
#include "report/waves.h"

#include <stdbool.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
    const guint32 one = *(const guint32 *)a, other = *(const guint32 *)b;
    return one < other ? -1 : one > other;
}

static guint32 median(const guint32 *counts, guint hours)
{
    if (hours == 0)
        return 0;
    g_autofree guint32 *sorted = g_memdup2(counts, hours * sizeof *counts);
    qsort(sorted, hours, sizeof *sorted, by_number);
    return sorted[hours / 2];
}

GArray *waves_find(const guint32 *counts, guint hours)
{
    GArray *waves = g_array_new(FALSE, FALSE, sizeof(struct wave));
    const guint64 full = MAX(WAVE_REPORTS_MIN, (guint64)median(counts, hours) * WAVE_TIMES_USUAL);
    struct wave wave = {0};
    guint64 behind = 0; // reports since its last full hour
    for (guint i = 0; i < hours; i++) {
        const bool on = wave.reports > 0;
        if (on && i - wave.ebb > WAVE_PAUSE_HOURS) {
            g_array_append_val(waves, wave);
            wave = (struct wave){0};
        }
        if (counts[i] < full) {
            behind += counts[i];
            continue;
        }
        if (wave.reports == 0)
            wave = (struct wave){.begin = i};
        else
            wave.reports += behind;
        behind = 0;
        wave.reports += counts[i];
        wave.ebb = i;
        if (counts[i] > wave.at_peak) {
            wave.at_peak = counts[i];
            wave.peak = i;
        }
    }
    if (wave.reports > 0)
        g_array_append_val(waves, wave);
    return waves;
}
