// SPDX-License-Identifier: MIT
// A summary for a terminal.
#include "report/summary.h"

#include "base/text.h"

#include <string.h>

#define BAR_COLUMNS_MIN 10
#define BAR_COLUMNS_MAX 60
// What stands in front of the bar: day, 24 hours, five numbers.
#define TABLE_COLUMNS 75
#define QUIET_DAYS_SHOWN 2

static const char *const colours[SUMMARY_VERDICTS] = {"\033[31m", "\033[33m", "\033[36m",
                                                      "\033[32m"};
static const char *const fills[SUMMARY_VERDICTS] = {"█", "▓", "▒", "░"};
static const char *const plain_fills[SUMMARY_VERDICTS] = {"#", "=", "-", "."};

static void repeat(GString *out, const char *what, guint64 times)
{
    for (guint64 i = 0; i < times; i++)
        g_string_append(out, what);
}

// An hour a column: higher where more came, MOST is the highest.
static void spark(GString *out, const struct summary_look *look, const guint32 *hours, guint32 most)
{
    static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char plain[] = ".:-=+*%#";
    for (guint i = 0; i < TALLY_HOURS; i++) {
        const gsize step =
            most > 0 ? (gsize)((guint64)hours[i] * (G_N_ELEMENTS(steps) - 1) / most) : 0;
        if (hours[i] == 0)
            g_string_append_c(out, ' ');
        else if (look->utf8)
            g_string_append(out, steps[step]);
        else
            g_string_append_c(out, plain[step]);
    }
}

static void bar(GString *out, const struct summary_look *look, const struct summary_day *day,
                guint64 most)
{
    const guint free_columns = look->width > TABLE_COLUMNS ? look->width - TABLE_COLUMNS - 1 : 0;
    const guint columns = CLAMP(free_columns, BAR_COLUMNS_MIN, BAR_COLUMNS_MAX);
    guint64 sum = 0, drawn = 0;
    for (guint i = 0; i < SUMMARY_VERDICTS && most > 0; i++) {
        sum += day->verdicts[i];
        const guint64 end = (sum * columns + most - 1) / most;
        if (end > drawn && look->colour)
            g_string_append(out, colours[i]);
        repeat(out, look->utf8 ? fills[i] : plain_fills[i], end - drawn);
        if (end > drawn && look->colour)
            g_string_append(out, "\033[0m");
        drawn = end;
    }
}

static void add_day(GString *out, const struct summary_look *look, const struct summary_day *day,
                    guint32 most_hour, guint64 most_day)
{
    g_string_append_printf(out, "%s  ", day->day);
    spark(out, look, day->hours, most_hour);
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        g_string_append_printf(out, "%8" G_GUINT64_FORMAT, day->verdicts[i]);
    g_string_append(out, "  ");
    bar(out, look, day, most_day);
    while (out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void add_quiet(GString *out, guint days)
{
    if (days > 0)
        g_string_append_printf(out, "            %u quiet day%s\n", days, days == 1 ? "" : "s");
}

static void add_days(GString *out, const struct summary *summary, const struct summary_look *look)
{
    guint32 most_hour = 0;
    guint64 most_day = 0;
    for (guint i = 0; i < summary->days->len; i++) {
        const struct summary_day *day = g_ptr_array_index(summary->days, i);
        most_day = MAX(most_day, day->total);
        for (guint j = 0; j < TALLY_HOURS; j++)
            most_hour = MAX(most_hour, day->hours[j]);
    }
    g_string_append(out, "day         0     6     12    18      backsc. suspect unknown genuine\n");
    guint quiet = 0;
    for (guint i = 0; i < summary->days->len; i++) {
        const struct summary_day *day = g_ptr_array_index(summary->days, i);
        if (day->total == 0) {
            quiet++;
            continue;
        }
        add_quiet(out, quiet);
        quiet = 0;
        add_day(out, look, day, most_hour, most_day);
    }
    add_quiet(out, quiet);
    g_string_append_printf(out, "%-36s", "in all");
    for (guint i = 0; i < SUMMARY_VERDICTS; i++)
        g_string_append_printf(out, "%8" G_GUINT64_FORMAT, summary->verdicts[i]);
    g_string_append_c(out, '\n');
}

static void add_waves(GString *out, const struct summary *summary)
{
    if (summary->waves->len > 0)
        g_string_append(out, "\nWaves (reports on mail that is not known to be yours)\n");
    for (guint i = 0; i < summary->waves->len; i++) {
        const struct summary_wave *wave = &g_array_index(summary->waves, struct summary_wave, i);
        g_string_append_printf(out,
                               "  from %s, at its height %s (%" G_GUINT64_FORMAT
                               " in an hour), %s %s: %" G_GUINT64_FORMAT " reports\n",
                               wave->begin, wave->peak, wave->at_peak,
                               wave->goes_on ? "still going on" : "ebbed",
                               wave->goes_on ? "now" : wave->ebb, wave->reports);
    }
}

static void add_names(GString *out, const char *title, const GArray *names)
{
    if (names->len > 0)
        g_string_append_printf(out, "\n%s\n", title);
    for (guint i = 0; i < names->len; i++) {
        const struct summary_name *name = &g_array_index(names, struct summary_name, i);
        g_autofree char *shown = text_escaped(name->name, false);
        g_string_append_printf(out, "%8" G_GUINT64_FORMAT "  %s\n", name->count, shown);
    }
}

static void add_settings(GString *out, const GArray *names)
{
    if (names->len > 0)
        g_string_append(out, "\nUndecided, and what would decide it\n");
    for (guint i = 0; i < names->len; i++) {
        const struct summary_name *name = &g_array_index(names, struct summary_name, i);
        g_autofree char *shown = text_escaped(name->name, false);
        g_string_append_printf(out, "%8" G_GUINT64_FORMAT "  %s: %s\n", name->count, shown,
                               summary_advice(name->name));
    }
}

static void add_corrections(GString *out, const struct summary *summary)
{
    g_string_append_printf(out,
                           "\nHow often it was wrong: %" G_GUINT64_FORMAT
                           " taken back as genuine, %" G_GUINT64_FORMAT
                           " called backscatter, of %" G_GUINT64_FORMAT " reports\n",
                           summary->taken_back, summary->missed, summary->total);
}

char *summary_text(const struct summary *summary, const struct summary_look *look)
{
    GString *out = g_string_new(NULL);
    const struct summary_day *last = g_ptr_array_index(summary->days, summary->days->len - 1);
    g_string_append_printf(out, "%s: %u days up to %s\n\n", summary->source, summary->days->len,
                           last->day);
    if (summary->total == 0) {
        g_string_append(out, "No report was judged in this time.\n");
        return g_string_free(out, FALSE);
    }
    add_days(out, summary, look);
    add_waves(out, summary);
    add_names(out, "What came", summary->names[TALLY_CLASS]);
    add_names(out, "Who reports most", summary->names[TALLY_HOST]);
    add_names(out, "Commonest subjects of what was forged", summary->names[TALLY_SUBJECT]);
    add_names(out, "In whose name", summary->names[TALLY_ADDRESS]);
    add_names(out, "By which rule it was known as a report", summary->names[TALLY_RULE]);
    add_settings(out, summary->names[TALLY_SETTING]);
    add_corrections(out, summary);
    return g_string_free(out, FALSE);
}
