// SPDX-License-Identifier: MIT
// Maildir and Maildir++ (folders as .Name directories beside new, cur and tmp).
//
// Design rationale:
// - A message is written to a draft (draft.h) in tmp/ and linked into new/ when it is whole and
//   synced, so a crash leaves nothing.
// - The directory is synced too: without that, a power cut takes the name away.
// - A name that is taken is compared with what we have: the retry of a killed run must not file a
//   second copy (maildir-name.h).
// - The folder itself may be a symbolic link, as people's set-ups have it; new, cur and tmp may
//   not.
#include "base/auto.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "store/draft.h"
#include "store/folder-name.h"
#include "store/keywords.h"
#include "store/location.h"
#include "store/maildir-name.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAILDIR_NAMES_MAX 1000
#define COMPARE_BYTES (64 * 1024)

enum { SUB_TMP, SUB_NEW, SUB_CUR, SUB_COUNT };
static const char *const sub_names[SUB_COUNT] = {"tmp", "new", "cur"};

struct folder {
    const char *path;
    const char *root; // of the store
    bool by_slash;    // folders are directories in directories
    const char *tmp;  // of its tmp/
    int fd;
    int subs[SUB_COUNT];
};

static void folder_close(struct folder *folder)
{
    mda_close_fd(&folder->fd);
    for (int i = 0; i < SUB_COUNT; i++)
        mda_close_fd(&folder->subs[i]);
}

static int open_or_make(int dirfd, const char *name, mode_t mode, bool sync, GError **err)
{
    int fd = files_open_directory(dirfd, name, false);
    if (fd >= 0)
        return fd;
    if (errno != ENOENT) {
        mda_fail_errno(err, errno, "open directory %s", name);
        return -1;
    }
    if (!files_make_directory(dirfd, name, mode, sync, err))
        return -1;
    fd = files_open_directory(dirfd, name, false);
    if (fd < 0)
        mda_fail_errno(err, errno, "open directory %s", name);
    return fd;
}

static bool open_subs(struct folder *folder, const struct store_request *request, GError **err)
{
    for (int i = 0; i < SUB_COUNT; i++) {
        folder->subs[i] = open_or_make(folder->fd, sub_names[i],
                                       store_directory_mode(request->mode), request->fsync, err);
        if (folder->subs[i] < 0) {
            g_prefix_error(err, "%s: ", folder->path);
            return false;
        }
    }
    return true;
}

// A Maildir++ folder is told from other directories by this file.
static bool mark_folder(const struct folder *folder, mode_t mode, GError **err)
{
    mda_autofd fd =
        openat(folder->fd, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return mda_fail_errno(err, errno, "make %s/maildirfolder", folder->path);
    if (fchmod(fd, mode) != 0)
        errno = 0; // the umask made it more private than asked for
    return true;
}

// Makes the maildir above a new folder: readers want its own tmp, new and cur there.
static bool make_root(const struct folder *folder, const struct store_request *request,
                      GError **err)
{
    const char *root = folder->root;
    for (int i = 0; i < SUB_COUNT; i++) {
        g_autofree char *sub = g_build_filename(root, sub_names[i], NULL);
        if (!files_make_path(sub, store_directory_mode(request->mode), request->fsync, err))
            return false;
        // One that may not be written is out of order, or being moved: it gets no new folders.
        if (faccessat(AT_FDCWD, sub, W_OK | X_OK, AT_EACCESS) != 0)
            return mda_fail_errno(err, errno, "write to %s", sub);
    }
    return true;
}

static bool folder_open(struct folder *folder, const struct store_request *request, GError **err)
{
    folder->fd = files_open_directory(AT_FDCWD, folder->path, true);
    if (folder->fd < 0 && errno != ENOENT)
        return mda_fail_errno(err, errno, "open %s", folder->path);
    if (folder->fd < 0) {
        if (request->folder && !request->create)
            return mda_fail(err, MDA_ERROR_GONE, "folder %s does not exist", folder->path);
        if (request->folder && !make_root(folder, request, err))
            return false;
        if (!files_make_path(folder->path, store_directory_mode(request->mode), request->fsync,
                             err))
            return false;
        folder->fd = files_open_directory(AT_FDCWD, folder->path, true);
        if (folder->fd < 0)
            return mda_fail_errno(err, errno, "open %s", folder->path);
        if (request->folder && !folder->by_slash && !mark_folder(folder, request->mode, err))
            return false;
    }
    return store_check_place(folder->fd, folder->path, request, err) &&
           open_subs(folder, request, err);
}

static char *place_of(const char *path, const GPtrArray *levels, const char *separator)
{
    g_autofree char *root = NULL, *inbox = NULL;
    location_split(path, &root, &inbox);
    if (levels->len == 0)
        return inbox ? g_steal_pointer(&inbox) : g_steal_pointer(&root);
    GString *out = g_string_new(root);
    while (out->len > 0 && out->str[out->len - 1] == '/')
        g_string_truncate(out, out->len - 1);
    g_string_append(out, strcmp(separator, ".") == 0 ? "/" : "");
    for (guint i = 0; i < levels->len; i++)
        g_string_append_printf(out, "%s%s", separator, (const char *)g_ptr_array_index(levels, i));
    return g_string_free(out, FALSE);
}

static char *place_by_dot(const char *path, const GPtrArray *levels)
{
    return place_of(path, levels, ".");
}

static char *place_by_slash(const char *path, const GPtrArray *levels)
{
    return place_of(path, levels, "/");
}

static char *folder_path(const char *path, const char *folder, GError **err)
{
    return folder_find(path, folder, place_by_dot, err);
}

static char *folder_path_fs(const char *path, const char *folder, GError **err)
{
    return folder_find_by_slash(path, folder, place_by_slash, err);
}

static bool write_draft(struct draft *draft, const struct folder *folder,
                        const struct store_request *request, bool certain, GError **err)
{
    const GArray *segments = request->content->segments;
    if (!draft_open(draft, folder->subs[SUB_TMP], folder->tmp, "", request->mode, err))
        return false;
    // The mode is set by hand: the umask that we inherited must not make unreadable files. For the
    // mark of what is not finished, see maildir-name.h.
    if (fchmod(draft->fd, request->mode) != 0 || (!certain && !ending_mark(draft->fd)))
        return mda_fail_errno(err, errno, "set the mode of a file in %s", folder->tmp);
    if (!certain && !ending_claim(draft->fd))
        return mda_fail(err, MDA_ERROR_TEMP, "%s: a new file is locked", folder->path);
    return draft_write(draft, (const struct file_segment *)(gpointer)segments->data, segments->len,
                       request->fsync, err);
}

static bool ends_with(int fd, off_t offset, const struct file_segment *segment)
{
    g_autofree char *buffer = g_malloc(COMPARE_BYTES);
    gsize at = 0;
    while (at < segment->size) {
        ssize_t got = pread(fd, buffer, MIN(COMPARE_BYTES, segment->size - at), offset + (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || memcmp(buffer, segment->data + at, (gsize)got) != 0)
            return false;
        at += (gsize)got;
    }
    return true;
}

// Is the file, but for the header lines that we put in front, what we are to write? Hashes may
// collide by an attacker's will; bytes do not.
static bool is_same(int fd, const struct content *content)
{
    struct stat status;
    gsize added = content->added;
    if (fstat(fd, &status) != 0 || (gsize)status.st_size < content->size - added)
        return false;
    off_t offset = status.st_size - (off_t)(content->size - added);
    for (guint i = added > 0 ? 1 : 0; i < content->segments->len; i++) {
        const struct file_segment *segment =
            &g_array_index(content->segments, struct file_segment, i);
        if (!ends_with(fd, offset, segment))
            return false;
        offset += (off_t)segment->size;
    }
    return true;
}

// Takes an earlier run's copy at RELATIVE as this delivery: it is compared, and synced, because
// that run may have ended before it did so. False without *err: it is something else.
static bool adopt(const struct folder *folder, const struct maildir_name *name,
                  const char *relative, const struct store_request *request, GError **err)
{
    mda_autofd fd =
        openat(folder->fd, relative, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
    if (fd < 0)
        fd = openat(folder->fd, relative, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    // The run that left the mark may still be alive: then its message is another one.
    if (fd < 0 || (!name->certain && (!ending_claim(fd) || !ending_is_marked(fd))) ||
        !is_same(fd, request->content))
        return false;
    int sub = relative[0] == 'n' ? SUB_NEW : SUB_CUR;
    if (request->fsync &&
        (!files_sync(fd, relative, err) || !files_sync(folder->subs[sub], folder->path, err)))
        return false;
    if (ending_is_marked(fd) && ending_chmod(fd, request->mode))
        fd = -1; // it is closed when the process ends
    return true;
}

// What is put behind the name for the flags: ":2,FSa", or "".
static char *letters_for(const struct folder *folder, const struct store_request *request)
{
    g_autofree char *flags = maildir_flags(request->flags);
    g_autofree char *keywords =
        request->keywords
            ? maildir_keywords(folder->path, request->flags, request->mode, request->deadline)
            : g_strdup("");
    return g_strconcat(*flags || !*keywords ? flags : ":2,", keywords, NULL);
}

// Makes the written draft visible as the first free name. On success *NAME_R is "new/…" or "cur/…";
// *DUPLICATE_R when that name turned out to be this very delivery.
static bool publish(struct draft *draft, const struct folder *folder,
                    const struct maildir_name *name, const struct store_request *request,
                    char **name_r, bool *duplicate_r, GError **err)
{
    int sub = *name->flags ? SUB_CUR : SUB_NEW;
    for (guint n = 0; n < MAILDIR_NAMES_MAX; n++) {
        g_autofree char *base = maildir_name_make(name, n);
        g_autofree char *file = g_strconcat(base, name->flags, NULL);
        g_autofree char *relative = g_strdup_printf("%s/%s", sub_names[sub], file);
        int failed = draft_link(draft, folder->subs[sub], file);
        if (failed == 0) {
            if (request->fsync && !files_sync(folder->subs[sub], folder->path, err)) {
                // The MTA keeps the mail, so this copy must go; if even that fails, the retry finds
                // it by its name.
                if (unlinkat(folder->subs[sub], file, 0) != 0)
                    g_prefix_error(err, "(%s stays) ", relative);
                return false;
            }
            *name_r = g_steal_pointer(&relative);
            return true;
        }
        if (failed != EEXIST)
            return mda_fail_errno(err, failed, "link %s/%s", folder->path, relative);
        // Two runs of one delivery at a time: the other one was quicker.
        if (maildir_name_counts(name, folder->subs[sub], file) &&
            adopt(folder, name, relative, request, err)) {
            *duplicate_r = true;
            *name_r = g_steal_pointer(&relative);
            return true;
        }
        if (err && *err)
            return false;
    }
    return mda_fail(err, MDA_ERROR_TEMP, "%s: no free name for the message", folder->path);
}

static bool write_new(const struct folder *folder, const struct maildir_name *name,
                      const struct store_request *request, char **name_r, bool *duplicate_r,
                      GError **err)
{
    struct draft draft = DRAFT_NONE;
    bool done = write_draft(&draft, folder, request, name->certain, err) &&
                publish(&draft, folder, name, request, name_r, duplicate_r, err);
    // The mark of an unfinished run stays until this one ends.
    if (done && !name->certain && !*duplicate_r && ending_chmod(draft.fd, request->mode))
        draft.fd = -1;
    draft_drop(&draft);
    return done;
}

static bool deliver_into(const struct folder *folder, const struct maildir_name *name,
                         const struct store_request *request, struct store_result *result_r,
                         GError **err)
{
    GError *why = NULL;
    bool duplicate = false;
    g_autofree char *found = maildir_name_find(name, folder->subs[SUB_NEW], folder->subs[SUB_CUR]);
    if (found && adopt(folder, name, found, request, &why))
        duplicate = true;
    else
        g_clear_pointer(&found, g_free);
    if (why) {
        g_propagate_error(err, why);
        return false;
    }
    if (!found && !write_new(folder, name, request, &found, &duplicate, err))
        return false;
    *result_r = (struct store_result){
        .path = g_build_filename(folder->path, found, NULL),
        .duplicate = duplicate,
    };
    return true;
}

// A run that was killed may have filed the message and not have noted it.
static void note_in_quota(const char *root, const struct quota_use *use, gsize size,
                          struct store_result *result)
{
    if (result->duplicate)
        quota_recount(root);
    else
        quota_change(root, (gint64)size, 1);
    result->percent_before = quota_percent(use, 0, 0);
    result->percent = result->duplicate ? result->percent_before : quota_percent(use, size, 1);
}

static bool deliver_to(const char *path, char *place, bool by_slash,
                       const struct store_request *request, struct store_result *result_r,
                       GError **err)
{
    g_autofree char *root = NULL, *inbox = NULL;
    location_split(path, &root, &inbox);
    g_autofree char *tmp = g_build_filename(place, "tmp", NULL);
    struct quota_use use;
    struct folder folder = {.path = place,
                            .root = root,
                            .by_slash = by_slash,
                            .tmp = tmp,
                            .fd = -1,
                            .subs = {-1, -1, -1}};
    mda_autofd held G_GNUC_UNUSED =
        quota_hold(root, &request->quota, store_directory_mode(request->mode), request->deadline);
    bool done = quota_check(root, &request->quota, request->quota_extra, request->content->size,
                            &use, err) &&
                folder_open(&folder, request, err);
    if (done) {
        struct maildir_name name;
        maildir_name_init(&name, request->fingerprint, request->arrival, time(NULL),
                          request->content->size, request->content->virtual_size,
                          request->content->varying, letters_for(&folder, request));
        done = deliver_into(&folder, &name, request, result_r, err);
        maildir_name_clear(&name);
    }
    if (done && use.kept)
        note_in_quota(root, &use, request->content->size, result_r);
    folder_close(&folder);
    return done;
}

static bool deliver(const char *path, const struct store_request *request,
                    struct store_result *result_r, GError **err)
{
    g_autofree char *place = folder_path(path, request->folder, err);
    return place && deliver_to(path, place, false, request, result_r, err);
}

static bool deliver_fs(const char *path, const struct store_request *request,
                       struct store_result *result_r, GError **err)
{
    g_autofree char *place = folder_path_fs(path, request->folder, err);
    return place && deliver_to(path, place, true, request, result_r, err);
}

static char *spool_directory(const char *path)
{
    g_autofree char *inbox = place_by_dot(path, &(const GPtrArray){0});
    return g_build_filename(inbox, "tmp", NULL);
}

const struct store store_maildir = {
    .name = "maildir",
    .deliver = deliver,
    .folder_path = folder_path,
    .spool_directory = spool_directory,
    .rc_suffix = "/",
};

// LAYOUT=fs of Dovecot.
const struct store store_maildir_fs = {
    .name = "maildir",
    .deliver = deliver_fs,
    .folder_path = folder_path_fs,
    .spool_directory = spool_directory,
    .rc_suffix = "/",
};
