// SPDX-License-Identifier: MIT
// mbox: many messages in one file, each behind a "From " line (RFC 4155; the "mboxrd" variant,
// which can be undone: every line that begins with any number of ">" and "From " gets one more
// ">").
//
// Design rationale:
// - Both locks that mail programs use are taken, the dot lock first, then fcntl.
// - The message is appended in one go and synced; on any failure the file is cut back to its former
//   size, so that no part of a message stays.
// - What a run leaves that was killed while it wrote is taken away by the next (append.h); that it
//   died, the next one sees by its lock.
// - A retry finds its earlier copy at the end of the file and adds no second one. Where the message
//   has no mark of its own (store.h) the box bears a mark until the run that wrote to it
//   ends for good, as a file of a maildir does (maildir-name.h).
#include "base/auto.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "base/lock.h"
#include "store/append.h"
#include "store/folder-name.h"
#include "store/keywords.h"
#include "store/location.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MBOX_STALE_LOCK_SECONDS 300
// The From_ line and the lines of ours that an earlier try put in front are not longer than this.
#define LAST_HEADER_MAX 16384
// Where the lines begin that may differ between two tries (message/compose.c).
#define VARYING_FIELD "X-Backstop"

// Folders of /var/mail/user or ~/mbox are files in ~/mail, where mail programs look for them; those
// of
// ~/mail/inbox are its neighbours.
static char *folders_beside(const char *inbox)
{
    g_autofree char *directory = g_path_get_dirname(inbox);
    g_autofree char *base = g_path_get_basename(directory);
    if (g_str_equal(base, "mail") && g_str_has_prefix(directory, g_get_home_dir()))
        return g_steal_pointer(&directory);
    return g_build_filename(g_get_home_dir(), "mail", NULL);
}

static char *place_of(const char *path, const GPtrArray *levels)
{
    g_autofree char *root = NULL, *inbox = NULL;
    location_split(path, &root, &inbox);
    if (levels->len == 0)
        return inbox ? g_steal_pointer(&inbox) : g_steal_pointer(&root);
    g_autofree char *directory = inbox ? g_steal_pointer(&root) : folders_beside(root);
    GString *out = g_string_new(directory);
    for (guint i = 0; i < levels->len; i++)
        g_string_append_printf(out, "/%s", (const char *)g_ptr_array_index(levels, i));
    return g_string_free(out, FALSE);
}

static char *folder_path(const char *path, const char *folder, GError **err)
{
    g_autofree char *root = NULL, *inbox = NULL;
    location_split(path, &root, &inbox);
    return inbox ? folder_find_by_slash(path, folder, place_of, err)
                 : folder_find(path, folder, place_of, err);
}

static bool is_from_line(const char *line, const char *end)
{
    while (line < end && *line == '>')
        line++;
    return end - line >= 5 && memcmp(line, "From ", 5) == 0;
}

// The segments of the message as mbox has it, pointing into the content and constant text.
static GArray *quote(const struct content *content, const char *from_line)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(struct file_segment));
    struct file_segment piece = {from_line, strlen(from_line)};
    g_array_append_val(out, piece);
    bool line_ended = true;
    for (guint i = 0; i < content->segments->len; i++) {
        const struct file_segment *segment =
            &g_array_index(content->segments, struct file_segment, i);
        const char *end = segment->data + segment->size, *from = segment->data;
        for (const char *line = from; line < end;) {
            const char *stop = memchr(line, '\n', (gsize)(end - line));
            // A field of the header never begins with "From ", and segments begin at lines.
            if (line_ended && is_from_line(line, end)) {
                piece = (struct file_segment){from, (gsize)(line - from)};
                g_array_append_val(out, piece);
                piece = (struct file_segment){">", 1};
                g_array_append_val(out, piece);
                from = line;
            }
            line_ended = stop != NULL;
            line = stop ? stop + 1 : end;
        }
        piece = (struct file_segment){from, (gsize)(end - from)};
        g_array_append_val(out, piece);
    }
    piece = line_ended ? (struct file_segment){"\n", 1} : (struct file_segment){"\n\n", 2};
    g_array_append_val(out, piece);
    return out;
}

// Where mail programs look for flags, in the order that we write them.
static const char *const flag_names[] = {"Status: ", "X-Status: ", "X-Keywords: "};

static void append_letter(GString *out, const char *flag, const char *name, char letter)
{
    if (g_ascii_strcasecmp(flag, name) == 0 && !strchr(out->str, letter))
        g_string_append_c(out, letter);
}

// Fields for the request's flags, or "".
static char *flag_fields(const struct store_request *request)
{
    g_autoptr(GString) status = g_string_new(NULL), other = g_string_new(NULL),
                       keywords = g_string_new(NULL);
    for (guint i = 0; request->flags && i < request->flags->len; i++) {
        const char *flag = g_ptr_array_index(request->flags, i);
        append_letter(status, flag, "\\Seen", 'R');
        append_letter(other, flag, "\\Answered", 'A');
        append_letter(other, flag, "\\Flagged", 'F');
        append_letter(other, flag, "\\Draft", 'T');
        append_letter(other, flag, "\\Deleted", 'D');
        if (request->keywords && keyword_is_sound(flag))
            g_string_append_printf(keywords, keywords->len > 0 ? " %s" : "%s", flag);
    }
    const char *values[G_N_ELEMENTS(flag_names)] = {status->str, other->str, keywords->str};
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        if (*values[i])
            g_string_append_printf(out, "%s%s\n", flag_names[i], values[i]);
    }
    return g_string_free(out, FALSE);
}

static char *make_from_line(const struct store_request *request)
{
    char date[40] = "Thu Jan  1 00:00:00 1970";
    time_t when = request->arrival > 0 ? (time_t)request->arrival : time(NULL);
    struct tm local;
    if (localtime_r(&when, &local))
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &local);
    const char *sender = request->sender && *request->sender ? request->sender : "MAILER-DAEMON";
    g_autofree char *safe = g_strdup(sender);
    for (char *at = safe; *at; at++) {
        if ((guchar)*at <= ' ' || *at == 0x7f)
            *at = '-';
    }
    g_autofree char *flags = flag_fields(request);
    return g_strdup_printf("From %s %s\n%s", safe, date, flags);
}

// Behind the fields for flags, which a try of ours put before the other lines of ours.
static const char *skip_flag_fields(const char *at, const char *end)
{
    for (guint i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        gsize length = strlen(flag_names[i]);
        const char *stop = at < end ? memchr(at, '\n', (gsize)(end - at)) : NULL;
        if (stop && (gsize)(end - at) > length && memcmp(at, flag_names[i], length) == 0)
            at = stop + 1;
    }
    return at;
}

static bool holds(int fd, off_t offset, const struct file_segment *segment)
{
    for (gsize at = 0; at < segment->size;) {
        char buffer[4096];
        ssize_t got = pread(fd, buffer, MIN(sizeof buffer, segment->size - at), offset + (off_t)at);
        if (got <= 0 || memcmp(buffer, segment->data + at, (gsize)got) != 0)
            return false;
        at += (gsize)got;
    }
    return true;
}

// Does TEXT, which ends where a message's own bytes begin, end with a From_ line and the lines that
// we put in front? Those that may vary come last and are not compared.
static bool begins_here(const char *text, gsize size, const struct content *content)
{
    g_autofree char *added = g_strndup(content->added ? content->owned : "", content->added);
    const char *varying = content->varying ? strstr(added, VARYING_FIELD) : NULL;
    gsize fixed = varying ? (gsize)(varying - added) : content->added;
    const char *start = text;
    for (gsize i = size; i >= 2 && start == text; i--) {
        if (text[i - 2] == '\n' && text[i - 1] == '\n')
            start = text + i;
    }
    gsize left = size - (gsize)(start - text);
    const char *line_end = memchr(start, '\n', left);
    if (!line_end || left < 5 || memcmp(start, "From ", 5) != 0)
        return false;
    const char *fields = skip_flag_fields(line_end + 1, start + left);
    left -= (gsize)(fields - start);
    return (varying ? left >= fixed : left == fixed) && memcmp(fields, added, fixed) == 0;
}

// Is the last message of the file this one, the date of its From_ line and the verdict apart?
static bool is_last(int fd, off_t size, const struct content *content, const GArray *segments)
{
    guint first = content->added > 0 ? 2 : 1; // behind the From_ line and the lines of ours
    off_t offset = size;
    for (guint i = first; i < segments->len; i++)
        offset -= (off_t)g_array_index(segments, struct file_segment, i).size;
    off_t at = offset;
    for (guint i = first; offset >= 0 && i < segments->len; i++) {
        const struct file_segment *segment = &g_array_index(segments, struct file_segment, i);
        if (!holds(fd, at, segment))
            return false;
        at += (off_t)segment->size;
    }
    g_autofree char *before = g_malloc(LAST_HEADER_MAX);
    gsize wanted = (gsize)CLAMP(offset, 0, LAST_HEADER_MAX);
    return wanted > 0 && pread(fd, before, wanted, offset - (off_t)wanted) == (ssize_t)wanted &&
           begins_here(before, wanted, content);
}

// May the last message be an earlier try of this delivery, if it is the same? Somebody may well
// feed a message in twice. An unfinished run leaves its lock, or its mark.
static bool may_be_retry(const struct store_request *request, int fd, bool lock_was_broken)
{
    return lock_was_broken || store_is_certain(request->arrival, time(NULL)) ||
           ending_is_marked(fd);
}

// Marks the box as that of an unfinished run, also where append.h cannot say more. Where that may
// not be done (a box of somebody else's) a run that is killed may leave a second copy, never none.
static void mark(int fd, const struct store_request *request)
{
    if (!ending_is_marked(fd) && !store_is_certain(request->arrival, time(NULL)) &&
        !ending_mark(fd))
        errno = 0;
}

// Closes the box; its mark goes when this run ends. Until then the lock is held where nothing else
// is to come that takes time: an equal message that waits for it must not take the mark of ours for
// that of a run that was killed. (Else the journal of the delivery makes it wait.)
static bool leave(int *fd, const char *path, const struct store_request *request,
                  const struct stat *status, GError **err)
{
    const mode_t plain = status->st_mode & 07777 & ~(mode_t)S_ISVTX;
    const bool marked = ending_is_marked(*fd);
    const bool certain = store_is_certain(request->arrival, time(NULL));
    if (marked && !certain && request->alone && request->fsync && ending_chmod(*fd, plain)) {
        *fd = -1;
        return true;
    }
    mda_autofd kept = marked ? fcntl(*fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (kept >= 0 && ending_chmod(kept, plain))
        kept = -1;
    // What was synced cannot be lost any more: then an error here says nothing of the message.
    return files_close(fd, path, request->fsync ? NULL : err) || request->fsync;
}

// What must stand between the old end of the file and a new From_ line.
static const char *separator(int fd, off_t size)
{
    char tail[2] = "";
    if (size == 0)
        return "";
    off_t offset = size >= 2 ? size - 2 : 0;
    ssize_t got = pread(fd, tail, (gsize)(size - offset), offset);
    if (got == 2 && tail[1] == '\n')
        return tail[0] == '\n' ? "" : "\n";
    return "\n\n";
}

static bool append(int fd, const char *path, const struct store_request *request, GArray *segments,
                   GError **err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "look at %s", path);
    const char *gap = separator(fd, status.st_size);
    struct file_segment between = {gap, strlen(gap)};
    g_array_prepend_val(segments, between);
    struct append append = {
        .fd = fd,
        .path = path,
        .segments = (const struct file_segment *)(gpointer)segments->data,
        .count = segments->len,
        .job = request->fingerprint,
        .sync = request->fsync,
    };
    return append_message(&append, err);
}

static bool open_mailbox(const char *path, const struct store_request *request, int *fd_r,
                         GError **err)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    bool make = !request->folder || request->create;
    *fd_r = open(path, flags);
    bool fresh = *fd_r < 0 && errno == ENOENT && make;
    if (fresh) {
        g_autofree char *parent = g_path_get_dirname(path);
        if (!files_make_path(parent, store_directory_mode(request->mode), request->fsync, err))
            return false;
        *fd_r = open(path, flags | O_CREAT | O_EXCL, request->mode);
        if (*fd_r < 0 && errno == EEXIST)
            *fd_r = open(path, flags);
        else if (*fd_r >= 0 && fchmod(*fd_r, request->mode) != 0)
            errno = 0; // the umask made it more private than asked for
        mda_autofd directory = files_open_directory(AT_FDCWD, parent, true);
        if (*fd_r >= 0 && request->fsync && directory >= 0 && !files_sync(directory, parent, err))
            return false;
    }
    struct stat status;
    if (*fd_r < 0)
        return errno == ENOENT ? mda_fail(err, MDA_ERROR_GONE, "folder %s does not exist", path)
                               : mda_fail_errno(err, errno, "open %s", path);
    if (fstat(*fd_r, &status) != 0 || !S_ISREG(status.st_mode))
        return mda_fail(err, MDA_ERROR_TEMP, "%s is not a regular file", path);
    return store_check_place(*fd_r, path, request, err);
}

// Between opening and locking a mail program may have put another file in its place.
static bool is_still_there(int fd, const char *path, GError **err)
{
    struct stat opened, named;
    if (fstat(fd, &opened) != 0)
        return mda_fail_errno(err, errno, "look at %s", path);
    if (lstat(path, &named) != 0 || named.st_dev != opened.st_dev || named.st_ino != opened.st_ino)
        return mda_fail(err, MDA_ERROR_TEMP, "%s was replaced while it was being locked", path);
    return true;
}

static bool deliver_locked(const char *path, const struct store_request *request,
                           bool lock_was_broken, struct store_result *result_r, GError **err)
{
    mda_autofd fd = -1;
    struct stat status;
    if (!open_mailbox(path, request, &fd, err) || !lock_fcntl(fd, path, request->deadline, err) ||
        !is_still_there(fd, path, err) || !append_mend(fd, path, err))
        return false;
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "look at %s", path);
    g_autofree char *from_line = make_from_line(request);
    g_autoptr(GArray) segments = quote(request->content, from_line);
    bool duplicate = append_has(fd, request->fingerprint) ||
                     (may_be_retry(request, fd, lock_was_broken) &&
                      is_last(fd, status.st_size, request->content, segments));
    mark(fd, request);
    if (duplicate ? (request->fsync && !files_sync(fd, path, err))
                  : !append(fd, path, request, segments, err))
        return false;
    if (!leave(&fd, path, request, &status, err))
        return false;
    *result_r = (struct store_result){.path = g_strdup(path), .duplicate = duplicate};
    return true;
}

static bool deliver(const char *path, const struct store_request *request,
                    struct store_result *result_r, GError **err)
{
    g_autofree char *place = folder_path(path, request->folder, err);
    if (!place)
        return false;
    struct dotlock lock = {0};
    g_autofree char *lock_path = g_strconcat(place, ".lock", NULL);
    g_autofree char *parent = g_path_get_dirname(place);
    // A mail spool that users may not write to (mode 2755) is locked by fcntl alone.
    if (access(parent, W_OK) == 0 &&
        !dotlock_acquire(lock_path, MBOX_STALE_LOCK_SECONDS, request->deadline, &lock, err))
        return false;
    bool done = deliver_locked(place, request, lock.broken, result_r, err);
    dotlock_release(&lock);
    return done;
}

static char *spool_directory(const char *path)
{
    g_autofree char *inbox = place_of(path, &(const GPtrArray){0});
    return g_path_get_dirname(inbox);
}

const struct store store_mbox = {
    .name = "mbox",
    .deliver = deliver,
    .folder_path = folder_path,
    .spool_directory = spool_directory,
    .rc_suffix = "",
};
