// SPDX-License-Identifier: MIT
// What a tally says of some days, ready to be shown: as text, HTML, JSON or metrics.
#pragma once

#include "report/tally.h"

#include <glib.h>

enum summary_verdict {
    SUMMARY_BACKSCATTER,
    SUMMARY_SUSPECT,
    SUMMARY_UNKNOWN,
    SUMMARY_GENUINE,
    SUMMARY_VERDICTS
};

struct summary_day {
    char *day; // "2026-11-30"
    guint64 verdicts[SUMMARY_VERDICTS], taken_back, missed, total;
    guint32 hours[TALLY_HOURS]; // reports of every verdict
};

struct summary_name {
    char *name;
    guint64 count; // at least so often
};

// Many reports that are not genuine in a row of hours.
struct summary_wave {
    char *begin, *peak, *ebb; // "2026-11-30 14:00": the first, the fullest, the last full hour
    guint64 reports, at_peak;
    bool goes_on; // its last hour is the newest
};

struct summary {
    char *source;    // whose counts these are, for a title
    GPtrArray *days; // struct summary_day *, each of them, the oldest first
    guint64 verdicts[SUMMARY_VERDICTS], taken_back, missed, total;
    GArray *names[TALLY_KINDS]; // struct summary_name, the most frequent first
    GArray *waves;              // struct summary_wave, the oldest first
};

// The DAYS days up to the local day of NOW.
// NAMES: how many of a kind are shown. Owned by the caller.
struct summary *summary_of(const struct tally *tally, const char *source, gint64 now, guint days,
                           guint names);
void summary_free(struct summary *summary);

const char *summary_verdict_name(enum summary_verdict verdict); // "backscatter" … Static.

// What to set so that what SETTING ("identity.relays") would decide is decided. Static.
const char *summary_advice(const char *setting);

struct summary_look {
    bool colour, utf8;
    guint width; // columns
};

// Each owned by the caller.
char *summary_text(const struct summary *summary, const struct summary_look *look);
char *summary_html(const struct summary *summary);
char *summary_json(const struct summary *summary);
// In the text format of Prometheus: of all that TALLY has, for counters must not fall.
char *summary_prometheus(const struct tally *tally, gint64 now);

typedef struct summary Summary;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Summary, summary_free)
