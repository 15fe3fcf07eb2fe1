// SPDX-License-Identifier: MIT
#include "report/tally.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MONTH_LENGTH 7 // "2026-11"
#define DAY_LENGTH 10

static const char *const kind_names[TALLY_KINDS] = {"class",   "rule",    "host",
                                                    "address", "subject", "setting"};

struct tally {
    guint names_max;
    GTree *days;  // "2026-11-30 verdict" -> guint32[24]
    GTree *names; // "2026-11-30 kind" -> GHashTable of name -> struct tally_name
};

static gint compare(gconstpointer a, gconstpointer b, gpointer data)
{
    (void)data;
    return strcmp(a, b);
}

static void free_names(gpointer names)
{
    g_hash_table_unref(names);
}

struct tally *tally_new(guint names_max)
{
    struct tally *tally = g_new0(struct tally, 1);
    tally->names_max = names_max;
    tally->days = g_tree_new_full(compare, NULL, g_free, g_free);
    tally->names = g_tree_new_full(compare, NULL, g_free, free_names);
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    g_tree_unref(tally->days);
    g_tree_unref(tally->names);
    g_free(tally);
}

bool tally_is_unwanted(const char *verdict)
{
    return g_strcmp0(verdict, "backscatter") == 0 || g_strcmp0(verdict, "suspect") == 0 ||
           g_strcmp0(verdict, "unknown") == 0;
}

const char *tally_kind_name(enum tally_kind kind)
{
    return kind_names[kind];
}

char *tally_day_of(gint64 time, guint *hour_r)
{
    g_autoptr(GDateTime) local = g_date_time_new_from_unix_local(time);
    if (!local)
        return NULL;
    *hour_r = (guint)g_date_time_get_hour(local);
    return g_date_time_format(local, "%Y-%m-%d");
}

guint tally_day_number(const char *day)
{
    unsigned year, month, date;
    char rest;
    if (strlen(day) != DAY_LENGTH ||
        sscanf(day, "%4u-%2u-%2u%c", &year, &month, &date, &rest) != 3 ||
        !g_date_valid_dmy((GDateDay)date, (GDateMonth)month, (GDateYear)year))
        return 0;
    GDate when;
    g_date_clear(&when, 1);
    g_date_set_dmy(&when, (GDateDay)date, (GDateMonth)month, (GDateYear)year);
    return g_date_get_julian(&when);
}

char *tally_day_name(guint number)
{
    GDate when;
    g_date_clear(&when, 1);
    g_date_set_julian(&when, number);
    return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(&when), g_date_get_month(&when),
                           g_date_get_day(&when));
}

static guint32 *hours_of(struct tally *tally, const char *day, const char *verdict)
{
    g_autofree char *key = g_strdup_printf("%s %s", day, verdict);
    guint32 *hours = g_tree_lookup(tally->days, key);
    if (!hours) {
        hours = g_new0(guint32, TALLY_HOURS);
        g_tree_insert(tally->days, g_steal_pointer(&key), hours);
    }
    return hours;
}

static GHashTable *names_of(struct tally *tally, const char *period, enum tally_kind kind)
{
    g_autofree char *key = g_strdup_printf("%s %s", period, kind_names[kind]);
    GHashTable *names = g_tree_lookup(tally->names, key);
    if (!names) {
        names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_tree_insert(tally->names, g_steal_pointer(&key), names);
    }
    return names;
}

// The rarest name of NAMES, which are not empty; of equal ones the last in the alphabet.
static const char *rarest(GHashTable *names)
{
    GHashTableIter at;
    gpointer name, value;
    const char *least = NULL;
    guint64 count = 0;
    g_hash_table_iter_init(&at, names);
    while (g_hash_table_iter_next(&at, &name, &value)) {
        const guint64 here = ((const struct tally_name *)value)->count;
        if (!least || here < count || (here == count && strcmp(name, least) > 0)) {
            least = name;
            count = here;
        }
    }
    return least;
}

static guint names_max(const struct tally *tally, const char *period)
{
    const bool month = strlen(period) == MONTH_LENGTH;
    return month && tally->names_max < TALLY_NAMES_A_MONTH ? TALLY_NAMES_A_MONTH : tally->names_max;
}

static void count_name(struct tally *tally, const char *period, enum tally_kind kind,
                       const char *name)
{
    if (!name || !*name)
        return;
    g_autofree char *sound = text_printable(name, -1, TALLY_NAME_BYTES);
    GHashTable *names = names_of(tally, period, kind);
    struct tally_name *count = g_hash_table_lookup(names, sound);
    if (count) {
        count->count++;
        return;
    }
    count = g_new0(struct tally_name, 1);
    if (g_hash_table_size(names) >= names_max(tally, period)) {
        const char *least = rarest(names);
        const struct tally_name *gone = g_hash_table_lookup(names, least);
        count->count = count->error = gone->count;
        g_hash_table_remove(names, least);
    }
    count->count++;
    g_hash_table_insert(names, g_steal_pointer(&sound), count);
}

void tally_add(struct tally *tally, const struct tally_event *event)
{
    guint hour;
    g_autofree char *day = event->verdict ? tally_day_of(event->time, &hour) : NULL;
    if (!day)
        return;
    hours_of(tally, day, event->verdict)[hour]++;
    if (strcmp(event->verdict, TALLY_TAKEN_BACK) == 0 || strcmp(event->verdict, TALLY_MISSED) == 0)
        return;
    count_name(tally, day, TALLY_CLASS, event->class);
    count_name(tally, day, TALLY_RULE, event->rule);
    if (!tally_is_unwanted(event->verdict))
        return;
    count_name(tally, day, TALLY_HOST, event->host);
    count_name(tally, day, TALLY_ADDRESS, event->address);
    count_name(tally, day, TALLY_SUBJECT, event->subject);
    count_name(tally, day, TALLY_SETTING, event->setting);
}

void tally_put_hours(struct tally *tally, const char *day, const char *verdict,
                     const guint32 *hours)
{
    if (tally_day_number(day) == 0)
        return;
    guint32 *sums = hours_of(tally, day, verdict);
    for (guint i = 0; i < TALLY_HOURS; i++)
        sums[i] += hours[i];
}

void tally_put_name(struct tally *tally, const char *period, enum tally_kind kind, const char *name,
                    const struct tally_name *count)
{
    GHashTable *names = names_of(tally, period, kind);
    struct tally_name *sum = g_hash_table_lookup(names, name);
    if (!sum) {
        sum = g_new0(struct tally_name, 1);
        g_hash_table_insert(names, g_strdup(name), sum);
    }
    sum->count += count->count;
    sum->error += MIN(count->error, count->count);
    while (g_hash_table_size(names) > names_max(tally, period))
        g_hash_table_remove(names, rarest(names));
}

static gboolean collect_key(gpointer key, gpointer value, gpointer data)
{
    (void)value;
    g_ptr_array_add(data, g_strdup(key));
    return FALSE;
}

static GPtrArray *keys_of(GTree *tree)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    g_tree_foreach(tree, collect_key, keys);
    return keys;
}

static enum tally_kind kind_of(const char *key)
{
    enum tally_kind kind = 0;
    while (kind < TALLY_KINDS - 1 && strcmp(kind_names[kind], strchr(key, ' ') + 1) != 0)
        kind++;
    return kind;
}

// The names of the day in KEY become names of its month.
static void merge_into_month(struct tally *tally, const char *key)
{
    g_autofree char *month = g_strndup(key, MONTH_LENGTH);
    GHashTableIter at;
    gpointer name, count;
    g_hash_table_iter_init(&at, g_tree_lookup(tally->names, key));
    while (g_hash_table_iter_next(&at, &name, &count))
        tally_put_name(tally, month, kind_of(key), name, count);
    g_tree_remove(tally->names, key);
}

void tally_shrink(struct tally *tally, const char *today)
{
    const guint now = tally_day_number(today);
    if (now <= TALLY_KEPT_DAYS)
        return;
    g_autofree char *fresh = tally_day_name(now - TALLY_FRESH_DAYS);
    g_autofree char *kept = tally_day_name(now - TALLY_KEPT_DAYS);
    g_autoptr(GPtrArray) days = keys_of(tally->days);
    g_autoptr(GPtrArray) names = keys_of(tally->names);
    for (guint i = 0; i < days->len; i++) {
        if (strncmp(days->pdata[i], kept, DAY_LENGTH) < 0)
            g_tree_remove(tally->days, days->pdata[i]);
    }
    for (guint i = 0; i < names->len; i++) {
        const char *key = names->pdata[i];
        const bool month = key[MONTH_LENGTH] == ' ';
        if (strncmp(key, kept, MONTH_LENGTH) < 0)
            g_tree_remove(tally->names, key);
        else if (!month && strncmp(key, fresh, DAY_LENGTH) < 0)
            merge_into_month(tally, key);
    }
}

struct day_visit {
    tally_visit_hours visit;
    gpointer data;
};

static gboolean visit_day(gpointer key, gpointer value, gpointer data)
{
    const struct day_visit *day_visit = data;
    g_autofree char *day = g_strndup(key, DAY_LENGTH);
    day_visit->visit(day, (const char *)key + DAY_LENGTH + 1, value, day_visit->data);
    return FALSE;
}

void tally_each_day(const struct tally *tally, tally_visit_hours visit, gpointer data)
{
    struct day_visit day_visit = {visit, data};
    g_tree_foreach(tally->days, visit_day, &day_visit);
}

struct name_visit {
    tally_visit_names visit;
    gpointer data;
};

static gboolean visit_names(gpointer key, gpointer value, gpointer data)
{
    const struct name_visit *name_visit = data;
    g_autofree char *period = g_strndup(key, (gsize)(strchr(key, ' ') - (char *)key));
    GHashTableIter at;
    gpointer name, count;
    g_hash_table_iter_init(&at, value);
    while (g_hash_table_iter_next(&at, &name, &count))
        name_visit->visit(period, kind_of(key), name, count, name_visit->data);
    return FALSE;
}

void tally_each_name(const struct tally *tally, tally_visit_names visit, gpointer data)
{
    struct name_visit name_visit = {visit, data};
    g_tree_foreach(tally->names, visit_names, &name_visit);
}
