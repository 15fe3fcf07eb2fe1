// SPDX-License-Identifier: MIT
#include "store/quota.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "store/expire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOLD_NAP 3 // milliseconds between two looks
#define FILE_NAME "maildirsize"
// From here on the file is counted anew (Maildir++), and it is read no further than that.
#define FILE_LONG 5120
#define FILE_MAX (1024 * 1024)
#define DEPTH_MAX 6
// A file that is older may have missed what somebody removed.
#define FILE_TRUSTED_SECONDS (15 * 60)

struct counted {
    gint64 storage, messages;
};

static void count_directory(const char *path, struct counted *counted)
{
    mda_autofd own = files_open_directory(AT_FDCWD, path, false);
    int fd = own >= 0 ? dup(own) : -1;
    g_autoptr(DIR) names = fd >= 0 ? fdopendir(fd) : NULL;
    if (!names)
        mda_close_fd(&fd);
    for (const struct dirent *entry; names && (entry = readdir(names));) {
        struct stat status;
        gint64 size = expire_name_size(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (size < 0 && (fstatat(own, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
                         !S_ISREG(status.st_mode)))
            continue;
        counted->storage += size >= 0 ? size : (gint64)status.st_size;
        counted->messages++;
    }
}

static void count_folder(const char *path, struct counted *counted)
{
    g_autofree char *new = g_build_filename(path, "new", NULL);
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    count_directory(new, counted);
    count_directory(cur, counted);
}

// Folders lie in ".Name" directories beside new and cur, or, in the other layout, in "Name" ones.
static void count_tree(const char *path, guint depth, struct counted *counted)
{
    static const char *const own[] = {"cur", "new", "tmp", NULL};
    count_folder(path, counted);
    g_autoptr(GDir) names = depth > 0 ? g_dir_open(path, 0, NULL) : NULL;
    for (const char *name; names && (name = g_dir_read_name(names));) {
        struct stat status;
        g_autofree char *below = g_build_filename(path, name, NULL);
        if (!g_strv_contains(own, name) && lstat(below, &status) == 0 && S_ISDIR(status.st_mode))
            count_tree(below, depth - 1, counted);
    }
}

static void count_all(const char *root, struct counted *counted)
{
    *counted = (struct counted){0};
    count_tree(root, DEPTH_MAX, counted);
}

static char *path_of(const char *root)
{
    return g_build_filename(root, FILE_NAME, NULL);
}

// "1000000S,500C"; what is not known is passed over.
static void parse_limits(const char *line, struct quota *limits_r)
{
    g_auto(GStrv) parts = g_strsplit(line, ",", -1);
    *limits_r = (struct quota){0};
    for (char **part = parts; *part; part++) {
        char *end = NULL;
        guint64 number = g_ascii_strtoull(*part, &end, 10);
        if (end != *part && strcmp(end, "S") == 0)
            limits_r->storage = number;
        else if (end != *part && strcmp(end, "C") == 0)
            limits_r->messages = number;
    }
}

static char *format_limits(const struct quota *limits)
{
    GString *out = g_string_new(NULL);
    if (limits->storage)
        g_string_append_printf(out, "%" G_GUINT64_FORMAT "S", limits->storage);
    if (limits->messages)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT "C", out->len ? "," : "",
                               limits->messages);
    return g_string_free(out, FALSE);
}

// What the file says. False: it is not there, or has to be written anew.
struct quota_reading {
    bool there, sound;
    guint entries; // lines behind the first
    struct quota limits;
    struct counted counted;
};

static void read_file(const char *root, struct quota_reading *reading_r)
{
    gsize size = 0;
    g_autofree char *path = path_of(root);
    g_autofree char *text = NULL;
    *reading_r = (struct quota_reading){0};
    if (!files_read(path, FILE_MAX, &text, &size, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    reading_r->there = true;
    reading_r->sound = size < FILE_LONG && size > 0 && text[size - 1] == '\n';
    if (lines[0])
        parse_limits(lines[0], &reading_r->limits);
    for (char **line = lines[0] ? lines + 1 : lines; *line; line++) {
        char *end = NULL;
        if (!**line)
            continue;
        reading_r->counted.storage += g_ascii_strtoll(*line, &end, 10);
        reading_r->counted.messages += g_ascii_strtoll(end, &end, 10);
        reading_r->entries++;
    }
    if (reading_r->entries == 0 || reading_r->counted.storage < 0 ||
        reading_r->counted.messages < 0)
        reading_r->sound = false;
}

// Counts and writes the file. What cannot be written is no reason to keep mail out.
static void write_file(const char *root, const struct quota *limits, struct counted *counted_r)
{
    g_autofree char *path = path_of(root);
    g_autofree char *first = format_limits(limits);
    count_all(root, counted_r);
    g_autofree char *text = g_strdup_printf("%s\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                                            first, counted_r->storage, counted_r->messages);
    if (!files_replace(path, text, strlen(text), 0600, NULL))
        errno = 0;
}

static bool is_over(const struct quota *limits, guint64 extra, guint64 size,
                    const struct counted *counted)
{
    return (limits->storage && (guint64)counted->storage + size > limits->storage + extra) ||
           (limits->messages && (guint64)counted->messages + 1 > limits->messages);
}

static bool is_fresh(const char *root, const struct quota_reading *reading)
{
    struct stat status;
    g_autofree char *path = path_of(root);
    return reading->entries <= 1 && lstat(path, &status) == 0 &&
           time(NULL) - status.st_mtime < FILE_TRUSTED_SECONDS;
}

int quota_hold(const char *root, const struct quota *wanted, mode_t mode, struct deadline deadline)
{
    struct stat status;
    g_autofree char *path = path_of(root);
    const bool set = wanted && (wanted->storage || wanted->messages);
    if (!set && lstat(path, &status) != 0)
        return -1;
    if (set && !files_make_path(root, mode, false, NULL))
        return -1;
    mda_autofd fd = files_open_directory(AT_FDCWD, root, true);
    while (fd >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return mda_steal_fd(&fd);
        if ((errno != EWOULDBLOCK && errno != EINTR) || deadline_passed(&deadline))
            return -1;
        g_usleep(HOLD_NAP * 1000);
    }
    return -1;
}

bool quota_check(const char *root, const struct quota *wanted, guint64 extra, guint64 size,
                 struct quota_use *use_r, GError **err)
{
    struct quota_reading reading;
    const bool set = wanted && (wanted->storage || wanted->messages);
    read_file(root, &reading);
    *use_r = (struct quota_use){.limits = set ? *wanted : reading.limits};
    if (!set && !reading.limits.storage && !reading.limits.messages)
        return true;
    use_r->kept = true;
    const bool same = reading.limits.storage == use_r->limits.storage &&
                      reading.limits.messages == use_r->limits.messages;
    struct counted counted = reading.counted;
    const bool anew = !reading.there || !reading.sound || !same;
    if (anew || (is_over(&use_r->limits, extra, size, &counted) && !is_fresh(root, &reading)))
        write_file(root, &use_r->limits, &counted);
    use_r->storage = counted.storage;
    use_r->messages = counted.messages;
    if (!is_over(&use_r->limits, extra, size, &counted))
        return true;
    return mda_fail(err, MDA_ERROR_FULL,
                    "%s is over its quota: %" G_GINT64_FORMAT " bytes in %" G_GINT64_FORMAT
                    " messages, and %" G_GUINT64_FORMAT " bytes more",
                    root, counted.storage, counted.messages, size);
}

void quota_change(const char *root, gint64 size, gint64 messages)
{
    struct stat status;
    g_autofree char *path = path_of(root);
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    mda_autofd fd = files_open_to_append(path, FILES_NO_LINK, 0600, FILES_OURS, NULL, NULL);
    g_autofree char *line =
        g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", size, messages);
    const gsize length = strlen(line);
    if (fd >= 0 && write(fd, line, length) != (ssize_t)length)
        errno = 0; // without its line end it does not add up
}

void quota_recount(const char *root)
{
    struct quota_reading reading;
    struct counted counted;
    read_file(root, &reading);
    if (reading.there)
        write_file(root, &reading.limits, &counted);
}

static guint share(guint64 used, guint64 limit)
{
    return limit == 0 ? 0 : (guint)MIN(used * 100.0 / (double)limit, 1000.0);
}

guint quota_percent(const struct quota_use *use, guint64 size, guint64 messages)
{
    return MAX(share((guint64)use->storage + size, use->limits.storage),
               share((guint64)use->messages + messages, use->limits.messages));
}
