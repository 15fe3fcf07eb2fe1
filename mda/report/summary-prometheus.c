// SPDX-License-Identifier: MIT
// Metrics for node_exporter's textfile collector. They are gauges, not counters: what is older than
// the counts are kept for goes out of the sum.
#include "report/summary.h"

#include <string.h>

struct sums {
    GTree *verdicts; // name -> guint64
    guint64 today;
    const char *day;
};

static gint compare(gconstpointer a, gconstpointer b, gpointer data)
{
    (void)data;
    return strcmp(a, b);
}

static void add_hours(const char *day, const char *verdict, const guint32 *hours, gpointer data)
{
    struct sums *sums = data;
    guint64 *sum = g_tree_lookup(sums->verdicts, verdict);
    if (!sum) {
        sum = g_new0(guint64, 1);
        g_tree_insert(sums->verdicts, g_strdup(verdict), sum);
    }
    for (guint i = 0; i < TALLY_HOURS; i++) {
        *sum += hours[i];
        sums->today += strcmp(day, sums->day) == 0 && tally_is_unwanted(verdict) ? hours[i] : 0;
    }
}

// A label's value: backslash, quote and line end are escaped.
static void add_label(GString *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *value == '\n' ? ' ' : *value);
    }
}

static gboolean print_sum(gpointer key, gpointer value, gpointer data)
{
    g_string_append(data, "backstop_reports{verdict=\"");
    add_label(data, key);
    g_string_append_printf(data, "\"} %" G_GUINT64_FORMAT "\n", *(guint64 *)value);
    return FALSE;
}

char *summary_prometheus(const struct tally *tally, gint64 now)
{
    guint hour = 0;
    g_autofree char *day = tally_day_of(now, &hour);
    struct sums sums = {.verdicts = g_tree_new_full(compare, NULL, g_free, g_free),
                        .day = day ? day : ""};
    GString *out = g_string_new("# HELP backstop_reports Reports that were judged, and words of "
                                "the user, by verdict.\n# TYPE backstop_reports gauge\n");
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        g_tree_insert(sums.verdicts, g_strdup(summary_verdict_name(i)), g_new0(guint64, 1));
    tally_each_day(tally, add_hours, &sums);
    g_tree_foreach(sums.verdicts, print_sum, out);
    g_string_append_printf(
        out,
        "# HELP backstop_reports_not_genuine_today Reports of today that are not genuine.\n"
        "# TYPE backstop_reports_not_genuine_today gauge\n"
        "backstop_reports_not_genuine_today %" G_GUINT64_FORMAT "\n"
        "# HELP backstop_report_time_seconds When these were counted.\n"
        "# TYPE backstop_report_time_seconds gauge\n"
        "backstop_report_time_seconds %" G_GINT64_FORMAT "\n",
        sums.today, now);
    g_tree_unref(sums.verdicts);
    return g_string_free(out, FALSE);
}
