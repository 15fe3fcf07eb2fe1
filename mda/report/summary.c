// SPDX-License-Identifier: MIT
#include "report/summary.h"

#include "report/waves.h"

#include <string.h>

static const char *const verdict_names[SUMMARY_VERDICTS] = {"backscatter", "suspect", "unknown",
                                                            "genuine"};

const char *summary_verdict_name(enum summary_verdict verdict)
{
    return verdict_names[verdict];
}

const char *summary_advice(const char *setting)
{
    static const struct {
        const char *setting, *advice;
    } known[] = {
        {"identity.relays",
         "name the hosts that send your mail: [identity] relays = …, or networks; "
         "backstop doctor shows the line"},
        {"ledger.complete", "record all mail that leaves (backstop setup, backstop milter), then "
                            "[ledger] complete = yes"},
        {"batv.required",
         "sign return paths: [batv] key-file and required = yes; nothing else tells such reports"},
        {"judgement.suspect", "a matter of taste: [judgement] suspect = junk or inbox"},
        {"judgement.unknown", "a matter of taste: [judgement] unknown = junk or inbox"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].setting, setting) == 0)
            return known[i].advice;
    }
    return "see backstop doctor";
}

static void free_day(gpointer data)
{
    struct summary_day *day = data;
    g_free(day->day);
    g_free(day);
}

static void clear_name(gpointer name)
{
    g_free(((struct summary_name *)name)->name);
}

static void clear_wave(gpointer data)
{
    struct summary_wave *wave = data;
    g_free(wave->begin);
    g_free(wave->peak);
    g_free(wave->ebb);
}

struct gather {
    struct summary *summary;
    guint first, last; // day numbers
    guint32 *unwanted; // an entry an hour
    GHashTable *names[TALLY_KINDS];
    char *first_month, *last_month;
};

static void add_hours(const char *name, const char *verdict, const guint32 *hours, gpointer data)
{
    struct gather *gather = data;
    const guint number = tally_day_number(name);
    if (number < gather->first || number > gather->last)
        return;
    struct summary_day *day = g_ptr_array_index(gather->summary->days, number - gather->first);
    guint32 *unwanted = gather->unwanted + (gsize)(number - gather->first) * TALLY_HOURS;
    guint64 sum = 0;
    for (guint i = 0; i < TALLY_HOURS; i++)
        sum += hours[i];
    if (strcmp(verdict, TALLY_TAKEN_BACK) == 0) {
        day->taken_back += sum;
    } else if (strcmp(verdict, TALLY_MISSED) == 0) {
        day->missed += sum;
    } else {
        for (guint i = 0; i < SUMMARY_VERDICTS; i++)
            day->verdicts[i] += strcmp(verdict, verdict_names[i]) == 0 ? sum : 0;
        day->total += sum;
        for (guint i = 0; i < TALLY_HOURS; i++) {
            day->hours[i] += hours[i];
            unwanted[i] += tally_is_unwanted(verdict) ? hours[i] : 0;
        }
    }
}

// A month counts when one of its days is shown.
static bool is_shown(const struct gather *gather, const char *period)
{
    if (strlen(period) == strlen(gather->first_month))
        return strcmp(period, gather->first_month) >= 0 && strcmp(period, gather->last_month) <= 0;
    const guint number = tally_day_number(period);
    return number >= gather->first && number <= gather->last;
}

static void add_name(const char *period, enum tally_kind kind, const char *name,
                     const struct tally_name *count, gpointer data)
{
    const struct gather *gather = data;
    if (!is_shown(gather, period) || count->count <= count->error)
        return;
    guint64 *sum = g_hash_table_lookup(gather->names[kind], name);
    if (!sum) {
        sum = g_new0(guint64, 1);
        g_hash_table_insert(gather->names[kind], g_strdup(name), sum);
    }
    *sum += count->count - count->error;
}

static gint most_first(gconstpointer a, gconstpointer b)
{
    const struct summary_name *one = a, *other = b;
    if (one->count != other->count)
        return one->count > other->count ? -1 : 1;
    return strcmp(one->name, other->name);
}

static GArray *sorted_names(GHashTable *names, guint max)
{
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(struct summary_name));
    GHashTableIter at;
    gpointer name, count;
    g_array_set_clear_func(sorted, clear_name);
    g_hash_table_iter_init(&at, names);
    while (g_hash_table_iter_next(&at, &name, &count)) {
        const struct summary_name one = {g_strdup(name), *(guint64 *)count};
        g_array_append_val(sorted, one);
    }
    g_array_sort(sorted, most_first);
    if (sorted->len > max)
        g_array_set_size(sorted, max);
    return sorted;
}

static void add_waves(struct summary *summary, const guint32 *unwanted, guint first)
{
    const guint hours = summary->days->len * TALLY_HOURS;
    g_autoptr(GArray) waves = waves_find(unwanted, hours);
    for (guint i = 0; i < waves->len; i++) {
        const struct wave *wave = &g_array_index(waves, struct wave, i);
        const guint at[] = {wave->begin, wave->peak, wave->ebb};
        char *names[3];
        for (guint j = 0; j < G_N_ELEMENTS(at); j++) {
            g_autofree char *day = tally_day_name(first + at[j] / TALLY_HOURS);
            names[j] = g_strdup_printf("%s %02u:00", day, at[j] % TALLY_HOURS);
        }
        const struct summary_wave shown = {names[0],      names[1],      names[2],
                                           wave->reports, wave->at_peak, false};
        g_array_append_val(summary->waves, shown);
    }
}

static void add_sums(struct summary *summary)
{
    for (guint i = 0; i < summary->days->len; i++) {
        const struct summary_day *day = g_ptr_array_index(summary->days, i);
        for (guint j = 0; j < SUMMARY_VERDICTS; j++)
            summary->verdicts[j] += day->verdicts[j];
        summary->taken_back += day->taken_back;
        summary->missed += day->missed;
        summary->total += day->total;
    }
}

struct summary *summary_of(const struct tally *tally, const char *source, gint64 now, guint days,
                           guint names)
{
    struct summary *summary = g_new0(struct summary, 1);
    guint hour = 0;
    g_autofree char *today = tally_day_of(now, &hour);
    const guint last = today ? tally_day_number(today) : 0;
    struct gather gather = {.summary = summary, .first = last + 1 - days, .last = last};
    g_autofree char *first_day = tally_day_name(gather.first);
    g_autofree guint32 *unwanted = g_new0(guint32, (gsize)days * TALLY_HOURS);
    gather.unwanted = unwanted;
    gather.first_month = g_strndup(first_day, strlen("2026-11"));
    gather.last_month = g_strndup(today, strlen("2026-11"));
    summary->source = g_strdup(source);
    summary->days = g_ptr_array_new_with_free_func(free_day);
    summary->waves = g_array_new(FALSE, FALSE, sizeof(struct summary_wave));
    g_array_set_clear_func(summary->waves, clear_wave);
    for (guint i = 0; i < days; i++) {
        struct summary_day *day = g_new0(struct summary_day, 1);
        day->day = tally_day_name(gather.first + i);
        g_ptr_array_add(summary->days, day);
    }
    for (guint i = 0; i < TALLY_KINDS; i++)
        gather.names[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tally_each_day(tally, add_hours, &gather);
    tally_each_name(tally, add_name, &gather);
    for (guint i = 0; i < TALLY_KINDS; i++) {
        summary->names[i] = sorted_names(gather.names[i], names);
        g_hash_table_unref(gather.names[i]);
    }
    add_waves(summary, unwanted, gather.first);
    if (summary->waves->len > 0) {
        struct summary_wave *newest =
            &g_array_index(summary->waves, struct summary_wave, summary->waves->len - 1);
        g_autofree char *this_hour = g_strdup_printf("%s %02u:00", today, hour);
        newest->goes_on = strcmp(newest->ebb, this_hour) >= 0;
    }
    add_sums(summary);
    g_free(gather.first_month);
    g_free(gather.last_month);
    return summary;
}

void summary_free(struct summary *summary)
{
    if (!summary)
        return;
    g_free(summary->source);
    g_ptr_array_unref(summary->days);
    for (guint i = 0; i < TALLY_KINDS; i++)
        g_array_unref(summary->names[i]);
    g_array_unref(summary->waves);
    g_free(summary);
}
