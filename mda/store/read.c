// SPDX-License-Identifier: MIT
#include "store/read.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <dirent.h>
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

static bool is_number(const char *name)
{
    return name[0] && strspn(name, "0123456789") == strlen(name);
}

// An MH folder holds messages called by numbers, or MH's own files and nothing else yet. One that
// holds both numbers and other files is MH: drafts and backups lie beside the messages.
static bool looks_like_mh(const char *path)
{
    g_autoptr(DIR) directory = opendir(path);
    const struct dirent *entry;
    bool other = false;
    while (directory && (entry = readdir(directory))) {
        if (is_number(entry->d_name) || strcmp(entry->d_name, ".mh_sequences") == 0 ||
            strcmp(entry->d_name, ".xmhcache") == 0)
            return true;
        other |= entry->d_name[0] != '.' && !is_directory(path, entry->d_name);
    }
    return !other;
}

enum read_kind read_kind(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return READ_NONE;
    if (S_ISREG(status.st_mode))
        return READ_MBOX;
    if (!S_ISDIR(status.st_mode))
        return READ_NONE;
    if (is_directory(path, "cur"))
        return READ_MAILDIR;
    return looks_like_mh(path) ? READ_MH : READ_FILES;
}

gint64 read_changed(const char *path, enum read_kind kind)
{
    static const char *const parts[] = {"cur", "new", NULL};
    gint64 newest = 0;
    for (gsize i = 0; i < (kind == READ_MAILDIR ? 2 : 1); i++) {
        g_autofree char *full =
            kind == READ_MAILDIR ? g_build_filename(path, parts[i], NULL) : g_strdup(path);
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

static bool is_message_name(const char *name, enum read_kind kind)
{
    return kind == READ_MH ? is_number(name) : name[0] != '.';
}

static bool list_directory(const char *path, const char *part, enum read_kind kind, guint max,
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

bool read_list(const char *path, enum read_kind kind, guint max, GPtrArray **names_r, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const bool listed =
        kind == READ_MAILDIR
            ? list_directory(path, "cur", kind, max, names, err) &&
                  (!is_directory(path, "new") || list_directory(path, "new", kind, max, names, err))
            : list_directory(path, NULL, kind, max, names, err);
    if (!listed)
        return false;
    g_ptr_array_sort(names, newer_first);
    *names_r = g_steal_pointer(&names);
    return true;
}

// Opens message NAME of the folder at PATH; -1 when it is no regular file. *SIZE_R is its size.
static int open_message(const char *path, const char *name, gsize *size_r)
{
    g_autofree char *full = g_build_filename(path, name, NULL);
    struct stat status;
    mda_autofd fd = files_open_regular(full, FILES_NO_LINK, &status, NULL);
    if (fd < 0)
        return -1;
    *size_r = (gsize)status.st_size;
    return mda_steal_fd(&fd);
}

static bool has_header_end(const char *data, gsize size)
{
    return g_strstr_len(data, (gssize)size, "\n\n") || g_strstr_len(data, (gssize)size, "\n\r\n");
}

// Reads until the end, MAX bytes, or the end of the header when HEADER_ONLY.
static GBytes *read_some(int fd, gsize first, gsize max, bool header_only)
{
    gsize size = first, have = 0;
    char *data = g_malloc(size);
    for (;;) {
        const ssize_t got = read(fd, data + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (gsize)got;
        if ((header_only && has_header_end(data, have)) || (have == size && size >= max))
            break;
        if (have == size) {
            size = MIN(size * 4, max);
            data = g_realloc(data, size);
        }
    }
    return g_bytes_new_take(data, have);
}

GBytes *read_header(const char *path, const char *name)
{
    gsize size;
    mda_autofd fd = open_message(path, name, &size);
    // Nearly every header fits into the first piece.
    return fd < 0 ? NULL : read_some(fd, 16 * 1024, READ_HEADER_MAX, true);
}

GBytes *read_message(const char *path, const char *name, gsize max)
{
    gsize size = 0;
    mda_autofd fd = open_message(path, name, &size);
    return fd < 0 || size > max ? NULL : read_some(fd, MIN(size, max) + 1, max + 1, false);
}

char *read_lasting_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return g_strndup(base, strcspn(base, ":;"));
}
