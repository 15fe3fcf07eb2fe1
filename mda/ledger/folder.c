// SPDX-License-Identifier: MIT
#include "ledger/folder.h"

#include "base/auto.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path, const char *name)
{
    g_autofree char *full = name ? g_build_filename(path, name, NULL) : g_strdup(path);
    struct stat status;
    return lstat(full, &status) == 0 && S_ISDIR(status.st_mode);
}

enum folder_kind folder_kind(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return FOLDER_NONE;
    if (S_ISREG(status.st_mode))
        return FOLDER_MBOX;
    if (!S_ISDIR(status.st_mode))
        return FOLDER_NONE;
    return is_directory(path, "cur") ? FOLDER_MAILDIR : FOLDER_MH;
}

gint64 folder_changed(const char *path, enum folder_kind kind)
{
    static const char *const parts[] = {"cur", "new", NULL};
    gint64 newest = 0;
    for (gsize i = 0; i < (kind == FOLDER_MAILDIR ? 2 : 1); i++) {
        g_autofree char *full =
            kind == FOLDER_MAILDIR ? g_build_filename(path, parts[i], NULL) : g_strdup(path);
        struct stat status;
        if (lstat(full, &status) == 0)
            newest = MAX(newest, (gint64)status.st_mtim.tv_sec * G_USEC_PER_SEC +
                                     status.st_mtim.tv_nsec / 1000);
    }
    return newest;
}

// Bigger numbers first, as maildir names begin with the time and MH names are numbers.
static int newer_first(gconstpointer a, gconstpointer b)
{
    const char *first = *(const char *const *)a, *second = *(const char *const *)b;
    const char *slash_a = strchr(first, '/'), *slash_b = strchr(second, '/');
    first = slash_a ? slash_a + 1 : first;
    second = slash_b ? slash_b + 1 : second;
    const gint64 number_a = g_ascii_strtoll(first, NULL, 10);
    const gint64 number_b = g_ascii_strtoll(second, NULL, 10);
    if (number_a != number_b)
        return number_a > number_b ? -1 : 1;
    return strcmp(second, first);
}

static bool is_message_name(const char *name, enum folder_kind kind)
{
    if (kind == FOLDER_MH)
        return name[0] && strspn(name, "0123456789") == strlen(name);
    return name[0] != '.';
}

static bool list_directory(const char *path, const char *part, enum folder_kind kind, guint max,
                           GPtrArray *names, GError **err)
{
    g_autofree char *full = part ? g_build_filename(path, part, NULL) : g_strdup(path);
    mda_autofd fd = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    g_autoptr(DIR) directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory)
        return mda_fail_errno(err, errno, "open %s", full);
    mda_steal_fd(&fd);
    const struct dirent *entry;
    while (names->len < max && (entry = readdir(directory))) {
        if (is_message_name(entry->d_name, kind))
            g_ptr_array_add(names, part ? g_strconcat(part, "/", entry->d_name, NULL)
                                        : g_strdup(entry->d_name));
    }
    return true;
}

bool folder_list(const char *path, enum folder_kind kind, guint max, GPtrArray **names_r,
                 GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const bool listed = kind == FOLDER_MAILDIR
                            ? list_directory(path, "cur", kind, max, names, err) &&
                                  list_directory(path, "new", kind, max, names, err)
                            : list_directory(path, NULL, kind, max, names, err);
    if (!listed)
        return false;
    g_ptr_array_sort(names, newer_first);
    *names_r = g_steal_pointer(&names);
    return true;
}

GBytes *folder_read_header(const char *path, const char *name)
{
    g_autofree char *full = g_build_filename(path, name, NULL);
    mda_autofd fd = open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return NULL;
    // Nearly every header fits into the first piece.
    gsize size = 16 * 1024, have = 0;
    char *data = g_malloc(size);
    for (;;) {
        const ssize_t got = read(fd, data + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (gsize)got;
        if (g_strstr_len(data, (gssize)have, "\n\n") || g_strstr_len(data, (gssize)have, "\n\r\n"))
            break;
        if (have == size && size == FOLDER_HEADER_MAX)
            break;
        if (have == size) {
            size = FOLDER_HEADER_MAX;
            data = g_realloc(data, size);
        }
    }
    return g_bytes_new_take(data, have);
}

// Collects the header of one message of an mbox, line by line.
struct collector {
    GByteArray *header;
    bool in_header;
    gint64 start;
};

static bool finish(struct collector *collector, folder_visit visit, gpointer data)
{
    if (collector->header->len == 0)
        return true;
    g_autoptr(GBytes) bytes = g_bytes_new(collector->header->data, collector->header->len);
    g_byte_array_set_size(collector->header, 0);
    return visit(bytes, collector->start, data);
}

static bool each_message(FILE *file, gint64 offset, folder_visit visit, gpointer data,
                         gint64 *end_r)
{
    g_autoptr(GByteArray) header = g_byte_array_new();
    struct collector collector = {header, false, offset};
    char *line = NULL;
    size_t space = 0;
    ssize_t length;
    bool after_empty = true, wanted = true;
    gint64 at = offset;
    while (wanted && (length = getline(&line, &space, file)) > 0) {
        if (after_empty && g_str_has_prefix(line, "From ")) {
            wanted = finish(&collector, visit, data);
            collector.in_header = true;
            collector.start = at;
            if (!wanted)
                break;
        } else if (collector.in_header) {
            collector.in_header = !(line[0] == '\n' || (line[0] == '\r' && line[1] == '\n'));
            if (header->len + (gsize)length <= FOLDER_HEADER_MAX)
                g_byte_array_append(header, (const guint8 *)line, (guint)length);
        }
        after_empty = line[0] == '\n' || (line[0] == '\r' && line[1] == '\n');
        at += length;
    }
    free(line);
    // The last one may still be growing; it is visited, and once more the next time.
    const gint64 end = wanted && header->len == 0 ? at : collector.start;
    if (wanted)
        finish(&collector, visit, data);
    *end_r = end;
    return true;
}

bool folder_each_mbox(const char *path, gint64 offset, folder_visit visit, gpointer data,
                      gint64 *end_r, gint64 *size_r, GError **err)
{
    mda_autofd fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return mda_fail_errno(err, errno, "open %s", path);
    if (!S_ISREG(status.st_mode))
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: is no mailbox", path);
    if (offset > status.st_size)
        offset = 0; // it was rewritten
    g_autoptr(FILE) file = fdopen(fd, "r");
    if (!file)
        return mda_fail_errno(err, errno, "open %s", path);
    mda_steal_fd(&fd);
    if (fseeko(file, (off_t)offset, SEEK_SET) < 0)
        return mda_fail_errno(err, errno, "seek %s", path);
    *size_r = status.st_size;
    return each_message(file, offset, visit, data, end_r);
}
