// SPDX-License-Identifier: MIT
// MH: a directory with one file a message, named by numbers. link() takes the next free number, so
// writers need no lock. Sequences are left to the reader.
#include "base/auto.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "store/draft.h"
#include "store/folder-name.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MH_TRIES_MAX 10000
// So many messages may have come in between a run that was killed and its retry.
#define MH_LOOK_BACK 16

static char *place_of(const char *path, const GPtrArray *levels)
{
    GString *out = g_string_new(path);
    if (g_str_has_suffix(out->str, "/."))
        g_string_truncate(out, out->len - 2);
    for (guint i = 0; i < levels->len; i++)
        g_string_append_printf(out, "/%s", (const char *)g_ptr_array_index(levels, i));
    return g_string_free(out, FALSE);
}

static char *folder_path(const char *path, const char *folder, GError **err)
{
    return folder_find(path, folder, place_of, err);
}

static bool highest_number(int dirfd, guint64 *number_r, GError **err)
{
    int own = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(DIR) directory = own < 0 ? NULL : fdopendir(own);
    if (!directory) {
        mda_close_fd(&own);
        return mda_fail_errno(err, errno, "read the directory");
    }
    *number_r = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        guint64 number = 0;
        if (g_ascii_string_to_unsigned(entry->d_name, 10, 1, G_MAXINT64 - MH_TRIES_MAX, &number,
                                       NULL))
            *number_r = MAX(*number_r, number);
    }
    return true;
}

// Is message NUMBER this one already, left by a run that was killed? It then goes on bearing that
// run's mark until ours ends.
static bool is_earlier_try(int dirfd, guint64 number, const struct store_request *request)
{
    const struct content *content = request->content;
    g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    mda_autofd fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    const bool certain = store_is_certain(request->arrival, time(NULL));
    if (fd < 0 || fstat(fd, &status) != 0 || (gsize)status.st_size != content->size)
        return false;
    // Unfinished runs leave a mark, as in a maildir (maildir-name.h); and while they live,
    // their message is another one.
    if (!certain && (!ending_is_marked(fd) || !ending_claim(fd) || !ending_is_marked(fd)))
        return false;
    for (guint i = 0; i < content->segments->len; i++) {
        const struct file_segment *segment =
            &g_array_index(content->segments, struct file_segment, i);
        g_autofree char *buffer = g_malloc(MIN(segment->size, 65536));
        for (gsize at = 0; at < segment->size;) {
            ssize_t got = read(fd, buffer, MIN(segment->size - at, 65536));
            if (got <= 0 || memcmp(buffer, segment->data + at, (gsize)got) != 0)
                return false;
            at += (gsize)got;
        }
    }
    if (ending_is_marked(fd) && ending_chmod(fd, request->mode))
        fd = -1; // it is closed when the process ends
    return true;
}

// The number of an earlier try among the newest messages; 0: there is none.
static guint64 find_earlier_try(int dirfd, guint64 last, const struct store_request *request)
{
    for (guint64 number = last; number > 0 && last - number < MH_LOOK_BACK; number--) {
        if (is_earlier_try(dirfd, number, request))
            return number;
    }
    return 0;
}

static bool write_draft(struct draft *draft, int dirfd, const char *path,
                        const struct store_request *request, GError **err)
{
    const GArray *segments = request->content->segments;
    // MH programs skip names that begin with a comma: they count as deleted.
    if (!draft_open(draft, dirfd, path, ",backstop.", request->mode, err))
        return false;
    if (fchmod(draft->fd, request->mode) != 0 || !ending_mark(draft->fd))
        return mda_fail_errno(err, errno, "set the mode of the message");
    if (!ending_claim(draft->fd))
        return mda_fail(err, MDA_ERROR_TEMP, "a new message is locked");
    return draft_write(draft, (const struct file_segment *)(gpointer)segments->data, segments->len,
                       request->fsync, err);
}

// Gives the draft the first free number above LAST.
static bool take_number(struct draft *draft, int dirfd, guint64 last, char **number_r, GError **err)
{
    for (guint64 number = last + 1; number <= last + MH_TRIES_MAX; number++) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);
        int failed = draft_link(draft, dirfd, text);
        if (failed == 0) {
            *number_r = g_steal_pointer(&text);
            return true;
        }
        if (failed != EEXIST)
            return mda_fail_errno(err, failed, "link %s", text);
    }
    return mda_fail(err, MDA_ERROR_TEMP, "no free number for the message");
}

static bool write_new(int dirfd, const char *path, const struct store_request *request,
                      guint64 last, char **number_r, GError **err)
{
    struct draft draft = DRAFT_NONE;
    g_autofree char *number = NULL;
    bool done = write_draft(&draft, dirfd, path, request, err) &&
                take_number(&draft, dirfd, last, &number, err);
    if (done && request->fsync && !files_sync(dirfd, path, err)) {
        unlinkat(dirfd, number, 0);
        done = false;
    }
    // The mark of an unfinished run stays until this one ends.
    if (done && ending_chmod(draft.fd, request->mode))
        draft.fd = -1;
    draft_drop(&draft);
    if (done)
        *number_r = g_steal_pointer(&number);
    return done;
}

static bool open_folder(const char *path, const struct store_request *request, int *fd_r,
                        GError **err)
{
    *fd_r = files_open_directory(AT_FDCWD, path, true);
    if (*fd_r < 0 && errno == ENOENT && (!request->folder || request->create)) {
        if (!files_make_path(path, store_directory_mode(request->mode), request->fsync, err))
            return false;
        *fd_r = files_open_directory(AT_FDCWD, path, true);
    }
    if (*fd_r >= 0)
        return store_check_place(*fd_r, path, request, err);
    return errno == ENOENT ? mda_fail(err, MDA_ERROR_GONE, "folder %s does not exist", path)
                           : mda_fail_errno(err, errno, "open %s", path);
}

static bool deliver(const char *path, const struct store_request *request,
                    struct store_result *result_r, GError **err)
{
    g_autofree char *place = folder_path(path, request->folder, err);
    mda_autofd dirfd = -1;
    guint64 last = 0;
    if (!place || !open_folder(place, request, &dirfd, err) || !highest_number(dirfd, &last, err))
        return false;
    g_autofree char *number = NULL;
    guint64 earlier = find_earlier_try(dirfd, last, request);
    bool duplicate = earlier > 0;
    if (duplicate) {
        number = g_strdup_printf("%" G_GUINT64_FORMAT, earlier);
        if (request->fsync && !files_sync(dirfd, place, err))
            return false;
    } else if (!write_new(dirfd, place, request, last, &number, err)) {
        return false;
    }
    *result_r = (struct store_result){
        .path = g_build_filename(place, number, NULL),
        .duplicate = duplicate,
    };
    return true;
}

static char *spool_directory(const char *path)
{
    return g_strdup(path);
}

const struct store store_mh = {
    .name = "mh",
    .deliver = deliver,
    .folder_path = folder_path,
    .spool_directory = spool_directory,
    .rc_suffix = "/.",
};
