// SPDX-License-Identifier: MIT
#include "cmd/mail-source.h"

#include "base/auto.h"
#include "base/error.h"
#include "message/spool.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool mail_source_read(const char *path, GBytes **bytes_r, GError **err)
{
    mda_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "%s", path);
    if (S_ISDIR(status.st_mode))
        return mda_fail_errno(err, EISDIR, "%s", path);
    if (!spool_read(fd, NULL, bytes_r, err)) {
        g_prefix_error(err, "%s: ", path);
        return false;
    }
    return true;
}

// Is the line at `at` an mbox separator: "From ", words, and a time of day among them?
static bool is_separator(const char *at, const char *end)
{
    if (end - at < 20 || memcmp(at, "From ", 5) != 0)
        return false;
    const char *stop = memchr(at, '\n', (gsize)MIN(end - at, 500));
    for (const char *c = at + 7; stop && c + 2 < stop; c++) {
        if (*c == ':' && g_ascii_isdigit(c[-1]) && g_ascii_isdigit(c[-2]) && g_ascii_isdigit(c[1]))
            return true;
    }
    return false;
}

// The separator behind the message at `at`, which must follow an empty line; END when there is
// none.
static const char *next_separator(const char *at, const char *end)
{
    while ((at = memchr(at, '\n', (gsize)(end - at))) && ++at < end) {
        bool behind_empty = *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
        const char *line = behind_empty ? at + (*at == '\r' ? 2 : 1) : NULL;
        if (line && is_separator(line, end))
            return line;
    }
    return end;
}

static bool each_of_mbox(const char *path, GBytes *bytes, mail_source_function function, void *data)
{
    gsize size = 0;
    const char *start = g_bytes_get_data(bytes, &size);
    const char *at = start, *end = start + size;
    const char *first = size > 0 ? next_separator(at, end) : end;
    if (size == 0 || !is_separator(at, end) || first == end)
        return function(path, bytes, data);
    for (guint n = 1; at < end; n++) {
        const char *next = n == 1 ? first : next_separator(at, end);
        g_autofree char *name = g_strdup_printf("%s:%u", path, n);
        g_autoptr(GBytes) one =
            g_bytes_new_from_bytes(bytes, (gsize)(at - start), (gsize)(next - at));
        if (!function(name, one, data))
            return false;
        at = next;
    }
    return true;
}

static void keep_first(GError **err, GError *other)
{
    if (err && !*err)
        *err = other;
    else
        g_error_free(other);
}

static bool each_of_file(const char *path, mail_source_function function, void *data, bool *more,
                         GError **err)
{
    g_autoptr(GBytes) bytes = NULL;
    if (!mail_source_read(path, &bytes, err))
        return false;
    *more = each_of_mbox(path, bytes, function, data);
    return true;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The names in DIRECTORY that can be messages, sorted.
static GPtrArray *names_in(const char *directory)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DIR) dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        g_autofree char *path = g_build_filename(directory, entry->d_name, NULL);
        struct stat status;
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
            g_ptr_array_add(names, g_steal_pointer(&path));
    }
    g_ptr_array_sort(names, by_text);
    return names;
}

static bool each_of_directory(const char *path, mail_source_function function, void *data,
                              GError **err)
{
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    g_autofree char *new = g_build_filename(path, "new", NULL);
    bool maildir = g_file_test(cur, G_FILE_TEST_IS_DIR) && g_file_test(new, G_FILE_TEST_IS_DIR);
    const char *directories[] = {maildir ? new : path, maildir ? cur : NULL};
    GError *first = NULL;
    bool more = true;
    for (gsize i = 0; more && i < G_N_ELEMENTS(directories) && directories[i]; i++) {
        g_autoptr(GPtrArray) names = names_in(directories[i]);
        for (guint n = 0; more && n < names->len; n++) {
            GError *one = NULL;
            if (!each_of_file(g_ptr_array_index(names, n), function, data, &more, &one))
                keep_first(&first, one);
        }
    }
    if (first)
        g_propagate_error(err, first);
    return first == NULL;
}

bool mail_source_each(const char *path, mail_source_function function, void *data, GError **err)
{
    if (strcmp(path, "-") == 0) {
        g_autoptr(GBytes) bytes = NULL;
        if (!spool_read(STDIN_FILENO, NULL, &bytes, err))
            return false;
        function(path, bytes, data);
        return true;
    }
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return each_of_directory(path, function, data, err);
    bool more = true;
    return each_of_file(path, function, data, &more, err);
}
