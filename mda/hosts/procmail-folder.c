// SPDX-License-Identifier: MIT
// Mailboxes as rc files name them: "name" a file or an existing directory, "name/" a maildir,
// "name/." an MH folder, "|" our standard output.
//
// Design rationale:
// - Names, modes, locks, the escape of "From " and what is logged are procmail's; how bytes get to
//   the disk is store/append.h and store/draft.h, as for every other mailbox.
#include "hosts/procmail-folder.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "store/append.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void procmail_folder_complain(const struct procmail_delivery *delivery, const char *what,
                              const char *quoted)
{
    delivery->complain(delivery->context, what, quoted);
}

// NAME without the sign of its kind, which is written to *KIND_R; a plain name is PROCMAIL_FILE.
static char *parse_name(const char *name, enum procmail_folder *kind_r)
{
    gsize length = strlen(name);
    *kind_r = PROCMAIL_FILE;
    if (length > 2 && name[length - 1] == '.' && name[length - 2] == '/') {
        *kind_r = PROCMAIL_MH;
        length -= 2;
    } else if (length > 1 && name[length - 1] == '/') {
        *kind_r = PROCMAIL_MAILDIR;
        length--;
    }
    while (*kind_r != PROCMAIL_FILE && length > 1 && name[length - 1] == '/')
        length--;
    return g_strndup(name, length);
}

enum procmail_folder procmail_folder_kind(struct procmail_host *host, const char *name)
{
    struct stat status;
    enum procmail_folder kind;
    (void)host;
    g_autofree char *path = parse_name(name, &kind);
    if (kind == PROCMAIL_FILE && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        kind = PROCMAIL_DIRECTORY;
    return kind;
}

// Makes the directory if it is missing, its parents not. The mode, or 0 when it is no directory.
static mode_t need_directory(const char *path, mode_t mask)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? status.st_mode : 0;
    if (errno == ENOENT && mkdir(path, PROCMAIL_DIRECTORY_MODE) == 0)
        return S_IFDIR | (PROCMAIL_DIRECTORY_MODE & ~mask);
    return errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? status.st_mode
                                                                                  : 0;
}

static bool need_maildir(const char *path, mode_t mask)
{
    static const char *const parts[] = {"new", "cur", "tmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *part = g_strconcat(path, "/", parts[i], NULL);
        if (!need_directory(part, mask))
            return false;
    }
    return true;
}

bool procmail_folder_find_place(const struct procmail_delivery *delivery, const char *name,
                                bool forced, mode_t mask, struct procmail_place *place_r)
{
    struct stat status;
    enum procmail_folder kind;
    g_autofree char *path = parse_name(name, &kind);
    *place_r = (struct procmail_place){.kind = kind};
    bool exists = stat(path, &status) == 0;
    if (kind == PROCMAIL_FILE && forced)
        place_r->kind = PROCMAIL_DIRECTORY;
    if (kind == PROCMAIL_FILE && !forced) {
        place_r->kind = exists && S_ISDIR(status.st_mode) ? PROCMAIL_DIRECTORY : PROCMAIL_FILE;
        place_r->mode = exists ? status.st_mode : S_IFREG | (PROCMAIL_FILE_MODE & ~mask);
        place_r->path = g_steal_pointer(&path);
        return true;
    }
    place_r->mode = need_directory(path, mask);
    bool whole = kind != PROCMAIL_MAILDIR || !place_r->mode || need_maildir(path, mask);
    if (place_r->mode && whole) {
        place_r->path = g_steal_pointer(&path);
        return true;
    }
    procmail_folder_complain(delivery, "Unable to treat as directory", path);
    if (forced || !whole) {
        procmail_folder_complain(delivery, "Skipped", path);
        return false;
    }
    place_r->kind = PROCMAIL_FILE;
    place_r->mode = exists ? status.st_mode : S_IFREG | (PROCMAIL_FILE_MODE & ~mask);
    place_r->path = g_steal_pointer(&path);
    return true;
}

// Where an "\nFrom " that needs an escape begins at or behind FROM; the size when there is none.
static gsize next_escape(const struct procmail_delivery *delivery, gsize from)
{
    static const char sign[] = "\nFrom ";
    const gsize length = sizeof sign - 1;
    for (gsize at = from; at + length <= delivery->size; at++) {
        const char *newline = memchr(delivery->data + at, '\n', delivery->size - at);
        if (!newline)
            break;
        at = (gsize)(newline - delivery->data);
        if (at + length > delivery->size || memcmp(newline, sign, length) != 0)
            continue;
        if ((at >= delivery->escape_head && at + length <= delivery->escape_head_end) ||
            at >= delivery->escape_body)
            return at;
    }
    return delivery->size;
}

static bool ends_blank(const struct procmail_delivery *delivery, gsize skip)
{
    gsize size = delivery->size;
    return size >= skip + 2 && delivery->data[size - 1] == '\n' && delivery->data[size - 2] == '\n';
}

static void add_segment(GArray *segments, const char *data, gsize size)
{
    const struct file_segment piece = {data, size};
    g_array_append_val(segments, piece);
}

GArray *procmail_folder_segments(const struct procmail_delivery *delivery, gsize skip, bool escape,
                                 bool blank)
{
    GArray *segments = g_array_new(FALSE, FALSE, sizeof(struct file_segment));
    gsize at = skip, found;
    while (escape && at < delivery->size && (found = next_escape(delivery, at)) < delivery->size) {
        add_segment(segments, delivery->data + at, found + 1 - at);
        add_segment(segments, ">", 1);
        at = found + 1;
    }
    add_segment(segments, delivery->data + at, delivery->size - at);
    if (!delivery->raw && blank && !ends_blank(delivery, skip))
        add_segment(segments, "\n", 1);
    return segments;
}

const struct file_segment *procmail_folder_first_segment(const GArray *segments)
{
    return (const struct file_segment *)(gpointer)segments->data;
}

void procmail_folder_say_failed(const struct procmail_delivery *delivery, int code,
                                const char *path)
{
    procmail_folder_complain(delivery,
                             code == ENOSPC   ? "No space left to finish writing"
                             : code == EDQUOT ? "Quota exceeded while writing"
                                              : "Error while writing to",
                             path);
}

void procmail_folder_say_planted(struct procmail_host *host, const GError *why)
{
    g_autofree char *line = g_strdup_printf("procmail: %s\n", why->message);
    host->log(host, line, strlen(line));
}

// fcntl's lock on the whole file, with a deadline; a failure is said and borne.
static bool lock_file(struct procmail_host *host, const struct procmail_delivery *delivery, int fd)
{
    struct deadline deadline =
        deadline_in(delivery->timeout ? (gint64)delivery->timeout * 1000 : -1);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
    if (delivery->verbose)
        procmail_folder_complain(delivery, "Acquiring kernel-lock\n", NULL);
    while (fcntl(fd, F_SETLK, &lock) != 0) {
        bool held = errno == EAGAIN || errno == EACCES || errno == EINTR;
        if (held && deadline_passed(&deadline))
            procmail_folder_complain(delivery, "Timeout, was waiting for", delivery->folder);
        if (!held || deadline_passed(&deadline) || host->interrupted(host)) {
            procmail_folder_complain(delivery, "Kernel-lock failed\n", NULL);
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

bool procmail_folder_sync(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

// The name of the delivery that is under way: the retry runs the same rc file on the same mail, so
// the same one comes at the same place.
static char *step_name(const struct procmail_world *world, const struct procmail_delivery *delivery)
{
    return g_strdup_printf("%u %s", world->deliveries, delivery->folder);
}

void procmail_folder_note_step(const struct procmail_world *world, const char *step)
{
    g_autoptr(GError) err = NULL;
    if (world->journal && !journal_note(world->journal, step, false, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
}

// Appends to what is open as FD. The errno of a failure, or 0.
static int append_locked(const struct procmail_world *world,
                         const struct procmail_delivery *delivery,
                         const struct procmail_place *place, int fd, bool locked, gsize *written)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) segments = procmail_folder_segments(delivery, 0, !delivery->raw, true);
    g_autofree char *step = step_name(world, delivery);
    g_autofree char *text = g_strconcat(world->job ? world->job : "", " ", step, NULL);
    g_autofree char *job = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    struct append append = {
        .fd = fd,
        .path = place->path,
        .segments = procmail_folder_first_segment(segments),
        .count = segments->len,
        .job = world->job ? job : NULL,
        .sync = true,
        .keep_part = delivery->ignore_errors,
    };
    errno = 0;
    if (locked && !append_mend(fd, place->path, &why))
        return errno ? errno : EIO;
    bool done = locked && append_has(fd, append.job) && fsync(fd) == 0;
    append.written = done ? delivery->size : 0;
    done = done || append_message(&append, &why);
    // As procmail, which says what fsync said last.
    const int failed = errno, code = done || fsync(fd) == 0 ? failed : errno;
    *written = append.written;
    if (done || delivery->ignore_errors) {
        procmail_folder_note_step(world, step);
        append_settle(fd);
        return 0;
    }
    *written = delivery->size;
    procmail_folder_say_failed(delivery, code, place->path);
    if (append.cut_back && delivery->log_open)
        procmail_folder_complain(delivery, "Truncated file to former size\n", NULL);
    return code ? code : EIO;
}

static bool append(struct procmail_host *host, const struct procmail_delivery *delivery,
                   const struct procmail_place *place, gsize *written)
{
    struct procmail_world *world = (struct procmail_world *)host;
    bool null = strcmp(place->path, "/dev/null") == 0;
    if (null) {
        *written = delivery->size;
        return true;
    }
    if (delivery->verbose)
        procmail_folder_complain(delivery, "Opening", place->path);
    struct stat status;
    g_autoptr(GError) why = NULL;
    mda_autofd fd =
        files_open_mailbox(place->path, PROCMAIL_FILE_MODE, FILES_OURS_OR_ROOTS, &status, &why);
    if (fd < 0 && !g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG))
        fd = files_open_to_append(place->path, FILES_ANY_LINK, PROCMAIL_FILE_MODE,
                                  FILES_OURS_OR_ROOTS, &status, NULL);
    if (fd < 0) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG))
            procmail_folder_say_planted(host, why);
        procmail_folder_say_failed(delivery, EBADF, place->path);
        return false;
    }
    if (!((status.st_mode | world->mask) & PROCMAIL_MAIL_BIT) && !S_ISCHR(status.st_mode))
        (void)(fchmod(fd, (status.st_mode | PROCMAIL_MAIL_BIT) & 07777) == 0);
    const bool locked = lock_file(host, delivery, fd);
    // What was synced cannot be lost any more: an error of close says nothing of the message.
    return append_locked(world, delivery, place, fd, locked, written) == 0;
}

static bool deliver_to_output(struct procmail_host *host, const struct procmail_delivery *delivery,
                              struct procmail_delivered *delivered)
{
    int fd = ((struct procmail_world *)host)->output;
    delivered->folder = g_strdup("|");
    g_autoptr(GArray) segments = procmail_folder_segments(delivery, 0, false, true);
    if (files_write(fd, procmail_folder_first_segment(segments), segments->len, NULL) ||
        delivery->ignore_errors) {
        for (guint i = 0; i < segments->len; i++)
            delivered->written += g_array_index(segments, struct file_segment, i).size;
        return true;
    }
    procmail_folder_say_failed(delivery, errno, "|");
    return false;
}

static bool deliver_dry(struct procmail_host *host, const struct procmail_delivery *delivery,
                        struct procmail_delivered *delivered)
{
    static const char *const kinds[] = {"file", "directory", "maildir", "MH folder"};
    enum procmail_folder kind = procmail_folder_kind(host, delivery->folder);
    g_autofree char *text =
        g_strdup_printf("would deliver to %s: %s\n", kinds[kind], delivery->folder);
    host->log(host, text, strlen(text));
    delivered->folder = g_strdup(delivery->folder);
    delivered->written = delivery->size;
    return true;
}

// Whether another try may go better. Where procmail would give a copy up, what is refused for good
// still is.
static bool is_passing(int code)
{
    static const int codes[] = {EIO,    ENOSPC, EDQUOT, EMFILE, ENFILE,
                                ENOMEM, EINTR,  EAGAIN, ESTALE, ETIMEDOUT};
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static bool deliver_now(struct procmail_host *host, const struct procmail_delivery *delivery,
                        struct procmail_delivered *delivered_r)
{
    struct procmail_world *world = (struct procmail_world *)host;
    struct procmail_place place;
    if (strcmp(delivery->folder, "|") == 0)
        return deliver_to_output(host, delivery, delivered_r);
    if (!procmail_folder_find_place(delivery, delivery->folder, false, world->mask, &place))
        return false;
    g_autofree char *path = place.path;
    if (place.kind != PROCMAIL_FILE)
        return procmail_folder_file_message(host, delivery, &place, delivered_r);
    if (delivery->links && delivery->links[0]) {
        g_autofree char *rest = g_strjoinv(" ", (char **)delivery->links);
        procmail_folder_complain(delivery, "Skipped", rest);
    }
    // Also of what fails: what was to be a directory and is none had another name until now.
    delivered_r->folder = g_steal_pointer(&path);
    return append(host, delivery, &place, &delivered_r->written);
}

bool procmail_deliver(struct procmail_host *host, const struct procmail_delivery *delivery,
                      struct procmail_delivered *delivered_r)
{
    struct procmail_world *world = (struct procmail_world *)host;
    *delivered_r = (struct procmail_delivered){0};
    world->deliveries++;
    if (world->dry_run)
        return deliver_dry(host, delivery, delivered_r);
    g_autofree char *step = step_name(world, delivery);
    if (journal_has(world->journal, step)) {
        procmail_folder_complain(delivery, "Delivered by an earlier run to", delivery->folder);
        delivered_r->folder = g_strdup(delivery->folder);
        delivered_r->written = delivery->size;
        return true;
    }
    errno = 0;
    if (!deliver_now(host, delivery, delivered_r)) {
        delivered_r->passing = is_passing(errno);
        return false;
    }
    procmail_folder_note_step(world, step);
    return true;
}
