// SPDX-License-Identifier: MIT
// counts:      "backstop-counts 1 GENERATION", then "h DAY VERDICT 0,3,…" and
//              "n PERIOD KIND COUNT ERROR NAME", separated by tabs
// counts.new:  "GENERATION", then "TIME VERDICT CLASS RULE HOST ADDRESS SUBJECT SETTING"
// A counts.new whose generation is not above that of counts was merged by a run that was killed
// before it could empty it.
#include "report/counts.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAGIC "backstop-counts 1 "
#define FILE_MAX (8 * 1024 * 1024)
#define LOCK_TRIES 500
#define LOCK_PAUSE_USEC 2000
#define EVENT_FIELDS 8

static bool lock(int fd)
{
    for (guint i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        g_usleep(LOCK_PAUSE_USEC);
    }
    return false;
}

static const char *field(char **fields, guint at)
{
    return fields[at] && *fields[at] ? fields[at] : NULL;
}

static void take_event(struct tally *tally, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", EVENT_FIELDS);
    if (g_strv_length(fields) != EVENT_FIELDS)
        return; // the end of a write that was cut off
    const struct tally_event event = {
        .time = g_ascii_strtoll(fields[0], NULL, 10),
        .verdict = field(fields, 1),
        .class = field(fields, 2),
        .rule = field(fields, 3),
        .host = field(fields, 4),
        .address = field(fields, 5),
        .subject = field(fields, 6),
        .setting = field(fields, 7),
    };
    tally_add(tally, &event);
}

static void take_hours(struct tally *tally, char **fields)
{
    guint32 hours[TALLY_HOURS] = {0};
    g_auto(GStrv) numbers = g_strsplit(fields[3], ",", TALLY_HOURS + 1);
    for (guint i = 0; i < TALLY_HOURS && numbers[i]; i++)
        hours[i] = (guint32)MIN(g_ascii_strtoull(numbers[i], NULL, 10), G_MAXUINT32);
    tally_put_hours(tally, fields[1], fields[2], hours);
}

static void take_name(struct tally *tally, char **fields)
{
    const struct tally_name count = {g_ascii_strtoull(fields[3], NULL, 10),
                                     g_ascii_strtoull(fields[4], NULL, 10)};
    for (enum tally_kind kind = 0; kind < TALLY_KINDS; kind++) {
        if (strcmp(fields[2], tally_kind_name(kind)) == 0)
            tally_put_name(tally, fields[1], kind, fields[5], &count);
    }
}

static void take_sum(struct tally *tally, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", 6);
    const guint count = g_strv_length(fields);
    if (count == 4 && strcmp(fields[0], "h") == 0)
        take_hours(tally, fields);
    else if (count == 6 && strcmp(fields[0], "n") == 0)
        take_name(tally, fields);
}

// Calls TAKE for each line but the first, whose number behind PREFIX is *GENERATION_R.
static bool take_file(const char *path, const char *prefix, struct tally *tally,
                      void (*take)(struct tally *, const char *), guint64 above,
                      guint64 *generation_r, GError **err)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize size = 0;
    *generation_r = 0;
    if (!files_read_as(path, FILES_NO_LINK, FILE_MAX, &text, &size, NULL, &why)) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE))
            return true;
        g_propagate_error(err, g_steal_pointer(&why));
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (!lines[0] || !g_str_has_prefix(lines[0], prefix))
        return true;
    *generation_r = g_ascii_strtoull(lines[0] + strlen(prefix), NULL, 10);
    for (char **line = lines + 1; *line && *generation_r > above; line++)
        take(tally, *line);
    return true;
}

struct paths {
    char *sums, *events;
};

static struct paths paths_in(const char *directory)
{
    return (struct paths){g_build_filename(directory, "counts", NULL),
                          g_build_filename(directory, "counts.new", NULL)};
}

static void paths_clear(struct paths *paths)
{
    g_free(paths->sums);
    g_free(paths->events);
}

static bool read_both(const struct paths *paths, struct tally **tally_r, guint64 *merged_r,
                      GError **err)
{
    g_autoptr(Tally) tally = tally_new(TALLY_NAMES_A_DAY);
    guint64 generation;
    if (!take_file(paths->sums, MAGIC, tally, take_sum, 0, merged_r, err) ||
        !take_file(paths->events, "", tally, take_event, *merged_r, &generation, err))
        return false;
    *tally_r = g_steal_pointer(&tally);
    return true;
}

static void print_hours(const char *day, const char *verdict, const guint32 *hours, gpointer data)
{
    GString *out = data;
    g_string_append_printf(out, "h\t%s\t%s\t", day, verdict);
    for (guint i = 0; i < TALLY_HOURS; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        if (hours[i] > 0)
            g_string_append_printf(out, "%u", hours[i]);
    }
    g_string_append_c(out, '\n');
}

static void print_name(const char *period, enum tally_kind kind, const char *name,
                       const struct tally_name *count, gpointer data)
{
    g_string_append_printf(data, "n\t%s\t%s\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t%s\n",
                           period, tally_kind_name(kind), count->count, count->error, name);
}

static bool write_generation(int fd, guint64 generation, GError **err)
{
    g_autofree char *first = g_strdup_printf("%" G_GUINT64_FORMAT "\n", generation);
    const struct file_segment segment = {first, strlen(first)};
    return files_write(fd, &segment, 1, err);
}

static void ignore(struct tally *tally, const char *line)
{
    (void)tally, (void)line;
}

// The first line of an empty counts.new.
static bool begin(const struct paths *paths, int fd, GError **err)
{
    guint64 merged;
    return take_file(paths->sums, MAGIC, NULL, ignore, G_MAXUINT64, &merged, err) &&
           write_generation(fd, merged + 1, err);
}

// Makes the events part of the sums, and begins anew with the next generation in FD.
static bool merge(const struct paths *paths, int fd, gint64 now, GError **err)
{
    g_autoptr(Tally) tally = NULL;
    guint64 merged;
    guint hour;
    if (!read_both(paths, &tally, &merged, err))
        return false;
    g_autofree char *today = tally_day_of(now, &hour);
    if (today)
        tally_shrink(tally, today);
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, MAGIC "%" G_GUINT64_FORMAT "\n", merged + 1);
    tally_each_day(tally, print_hours, out);
    tally_each_name(tally, print_name, out);
    if (!files_replace(paths->sums, out->str, out->len, 0600, err))
        return false;
    if (ftruncate(fd, 0) != 0)
        return mda_fail_errno(err, errno, "empty %s", paths->events);
    return write_generation(fd, merged + 2, err);
}

static char *event_line(const struct tally_event *event)
{
    const char *words[] = {event->verdict, event->class,   event->rule,   event->host,
                           event->address, event->subject, event->setting};
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "%" G_GINT64_FORMAT, event->time);
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *sound = text_printable(words[i], -1, TALLY_NAME_BYTES);
        g_string_append_printf(line, "\t%s", sound);
    }
    g_string_append_c(line, '\n');
    return g_string_free(line, FALSE);
}

static bool note(const struct paths *paths, const struct tally_event *event, GError **err)
{
    struct stat status;
    mda_autofd fd = files_open_to_append(paths->events, FILES_NO_LINK, 0600, FILES_OURS, NULL, err);
    if (fd < 0)
        return false;
    if (!lock(fd))
        return mda_fail(err, MDA_ERROR_TEMP, "%s is locked", paths->events);
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "%s", paths->events);
    if (status.st_size == 0 && !begin(paths, fd, err))
        return false;
    if (status.st_size >= COUNTS_NEW_MAX && !merge(paths, fd, event->time, err))
        return false;
    g_autofree char *line = event_line(event);
    const struct file_segment segment = {line, strlen(line)};
    return files_write(fd, &segment, 1, err);
}

bool counts_note(const char *directory, const struct tally_event *event, GError **err)
{
    if (!files_make_path(directory, 0700, false, err))
        return false;
    struct paths paths = paths_in(directory);
    const bool done = note(&paths, event, err);
    paths_clear(&paths);
    return done;
}

bool counts_read(const char *directory, struct tally **tally_r, GError **err)
{
    struct paths paths = paths_in(directory);
    guint64 merged;
    // Between a merge and the emptying behind it both are counted once: generations tell.
    const bool done = read_both(&paths, tally_r, &merged, err);
    paths_clear(&paths);
    return done;
}
