// SPDX-License-Identifier: MIT
// Mailboxes as rc files name them: "name" a file or an existing directory, "name/" a maildir,
// "name/." an MH folder, "|" our standard output.
//
// Design rationale:
// - Names, modes, locks, the escape of "From " and what is logged are procmail's; how bytes get to
//   the disk is store/append.h and store/draft.h, as for every other mailbox.
// - Before a message gets its name in a directory, the journal has that name: the retry of a run
//   that was killed then knows its own copy, and two recipes that file into one folder keep two.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "store/append.h"
#include "store/draft.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// What new files may be: the last bit tells old mail readers that mail has come.
#define FILE_MODE 0667
#define DIRECTORY_MODE 0777
#define MAIL_BIT 0001
#define NAMES_MAX 10000

struct place {
    enum procmail_folder kind;
    char *path; // without the sign of its kind
    mode_t mode;
};

static void complain(const struct procmail_delivery *delivery, const char *what, const char *quoted)
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
    if (errno == ENOENT && mkdir(path, DIRECTORY_MODE) == 0)
        return S_IFDIR | (DIRECTORY_MODE & ~mask);
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

// Finds out what NAME is and makes what is missing. FORCED: it must be a directory. False: it
// cannot be had, and that has been said.
static bool find_place(const struct procmail_delivery *delivery, const char *name, bool forced,
                       mode_t mask, struct place *place_r)
{
    struct stat status;
    enum procmail_folder kind;
    g_autofree char *path = parse_name(name, &kind);
    *place_r = (struct place){.kind = kind};
    bool exists = stat(path, &status) == 0;
    if (kind == PROCMAIL_FILE && forced)
        place_r->kind = PROCMAIL_DIRECTORY;
    if (kind == PROCMAIL_FILE && !forced) {
        place_r->kind = exists && S_ISDIR(status.st_mode) ? PROCMAIL_DIRECTORY : PROCMAIL_FILE;
        place_r->mode = exists ? status.st_mode : S_IFREG | (FILE_MODE & ~mask);
        place_r->path = g_steal_pointer(&path);
        return true;
    }
    place_r->mode = need_directory(path, mask);
    bool whole = kind != PROCMAIL_MAILDIR || !place_r->mode || need_maildir(path, mask);
    if (place_r->mode && whole) {
        place_r->path = g_steal_pointer(&path);
        return true;
    }
    complain(delivery, "Unable to treat as directory", path);
    if (forced || !whole) {
        complain(delivery, "Skipped", path);
        return false;
    }
    place_r->kind = PROCMAIL_FILE;
    place_r->mode = exists ? status.st_mode : S_IFREG | (FILE_MODE & ~mask);
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

// The message as it belongs into a folder, behind SKIP bytes of it. BLANK: an empty line at the
// end. Owned by the caller; the segments point into DELIVERY.
static GArray *segments_of(const struct procmail_delivery *delivery, gsize skip, bool escape,
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

static const struct file_segment *first_of(const GArray *segments)
{
    return (const struct file_segment *)(gpointer)segments->data;
}

static void say_failed(const struct procmail_delivery *delivery, int code, const char *path)
{
    complain(delivery,
             code == ENOSPC   ? "No space left to finish writing"
             : code == EDQUOT ? "Quota exceeded while writing"
                              : "Error while writing to",
             path);
}

static void say_planted(struct procmail_host *host, const GError *why)
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
        complain(delivery, "Acquiring kernel-lock\n", NULL);
    while (fcntl(fd, F_SETLK, &lock) != 0) {
        bool held = errno == EAGAIN || errno == EACCES || errno == EINTR;
        if (held && deadline_passed(&deadline))
            complain(delivery, "Timeout, was waiting for", delivery->folder);
        if (!held || deadline_passed(&deadline) || host->interrupted(host)) {
            complain(delivery, "Kernel-lock failed\n", NULL);
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

static bool sync_file(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

// The name of the delivery that is under way: the retry runs the same rc file on the same mail, so
// the same one comes at the same place.
static char *step_name(const struct procmail_world *world, const struct procmail_delivery *delivery)
{
    return g_strdup_printf("%u %s", world->deliveries, delivery->folder);
}

static void note_step(const struct procmail_world *world, const char *step)
{
    g_autoptr(GError) err = NULL;
    if (world->journal && !journal_note(world->journal, step, false, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
}

// Appends to what is open as FD. The errno of a failure, or 0.
static int append_locked(const struct procmail_world *world,
                         const struct procmail_delivery *delivery, const struct place *place,
                         int fd, bool locked, gsize *written)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) segments = segments_of(delivery, 0, !delivery->raw, true);
    g_autofree char *step = step_name(world, delivery);
    g_autofree char *text = g_strconcat(world->job ? world->job : "", " ", step, NULL);
    g_autofree char *job = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    struct append append = {
        .fd = fd,
        .path = place->path,
        .segments = first_of(segments),
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
    const int code = errno;
    *written = append.written;
    if (done || delivery->ignore_errors) {
        note_step(world, step);
        append_settle(fd);
        return 0;
    }
    *written = delivery->size;
    say_failed(delivery, code, place->path);
    if (append.cut_back && delivery->log_open)
        complain(delivery, "Truncated file to former size\n", NULL);
    return code ? code : EIO;
}

static bool append(struct procmail_host *host, const struct procmail_delivery *delivery,
                   const struct place *place, gsize *written)
{
    struct procmail_world *world = (struct procmail_world *)host;
    bool null = strcmp(place->path, "/dev/null") == 0;
    if (null) {
        *written = delivery->size;
        return true;
    }
    if (delivery->verbose)
        complain(delivery, "Opening", place->path);
    struct stat status;
    g_autoptr(GError) why = NULL;
    mda_autofd fd = files_open_mailbox(place->path, FILE_MODE, FILES_OURS_OR_ROOTS, &status, &why);
    if (fd < 0 && !g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG))
        fd = files_open_to_append(place->path, FILES_ANY_LINK, FILE_MODE, FILES_OURS_OR_ROOTS,
                                  &status, NULL);
    if (fd < 0) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG))
            say_planted(host, why);
        say_failed(delivery, EBADF, place->path);
        return false;
    }
    if (!((status.st_mode | world->mask) & MAIL_BIT) && !S_ISCHR(status.st_mode))
        (void)(fchmod(fd, (status.st_mode | MAIL_BIT) & 07777) == 0);
    const bool locked = lock_file(host, delivery, fd);
    // What was synced cannot be lost any more: an error of close says nothing of the message.
    return append_locked(world, delivery, place, fd, locked, written) == 0;
}

static char *unique_name(struct procmail_host *host)
{
    static guint serial;
    return g_strdup_printf("%ld.%ld_%u.%s", (long)time(NULL), (long)getpid(), serial++,
                           host->host_name);
}

// Digits of procmail's names in plain directories.
static char *inode_name(const char *prefix, ino_t inode)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    GString *name = g_string_new(prefix);
    do {
        g_string_append_c(name, digits[inode % 64]);
        inode /= 64;
    } while (inode > 0);
    return g_string_free(name, FALSE);
}

static long highest_number(const char *path)
{
    long highest = 0;
    g_autoptr(DIR) directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);
        if (!*end && number > highest)
            highest = number;
    }
    return highest;
}

static bool same_bytes(int fd, int other)
{
    char buffer[16384], second[sizeof buffer];
    for (off_t at = 0;;) {
        ssize_t got = pread(fd, buffer, sizeof buffer, at);
        if (got < 0 || pread(other, second, sizeof second, at) != got ||
            memcmp(buffer, second, (gsize)got) != 0)
            return false;
        if (got == 0)
            return true;
        at += got;
    }
}

// A message on its way into a directory: a draft, or the name that it has got elsewhere already.
struct filing {
    struct procmail_host *host;
    const struct procmail_delivery *delivery;
    struct draft *draft;
    const char *file; // NULL: DRAFT counts
    guint number;     // of the directory
};

// The step of taking NAME in the directory.
static char *name_step(const struct filing *filing, const char *name)
{
    const struct procmail_world *world = (const struct procmail_world *)filing->host;
    return g_strdup_printf("%u %u %s", world->deliveries, filing->number, name);
}

// Does ENTRY of the directory PART hold what FD does, under a name that an earlier run was about to
// give it? What readers put behind a maildir's names does not count.
static bool is_earlier(const struct filing *filing, const char *part, const char *entry, int fd)
{
    struct stat wanted, status;
    const struct procmail_world *world = (const struct procmail_world *)filing->host;
    g_autofree char *name = g_strndup(entry, strcspn(entry, ":"));
    g_autofree char *step = name_step(filing, name);
    if (!journal_has(world->journal, step))
        return false;
    g_autofree char *path = g_build_filename(part, entry, NULL);
    mda_autofd other = files_open_regular(path, FILES_NO_LINK, &status, NULL);
    return other >= 0 && fstat(fd, &wanted) == 0 && status.st_size == wanted.st_size &&
           same_bytes(fd, other);
}

// What an earlier run of this delivery, which was killed before it could note it, has filed here;
// its path, or NULL.
static char *find_earlier(const struct filing *filing, const struct place *place, int fd)
{
    static const char *const parts[] = {"new", "cur"};
    const struct procmail_world *world = (const struct procmail_world *)filing->host;
    const bool maildir = place->kind == PROCMAIL_MAILDIR;
    for (gsize i = 0; journal_is_resumed(world->journal) && i < (maildir ? 2 : 1); i++) {
        g_autofree char *part =
            maildir ? g_build_filename(place->path, parts[i], NULL) : g_strdup(place->path);
        g_autoptr(GDir) names = g_dir_open(part, 0, NULL);
        for (const char *name; names && (name = g_dir_read_name(names));)
            if (is_earlier(filing, part, name, fd))
                return g_build_filename(part, name, NULL);
    }
    return NULL;
}

// Tries for NAME in the directory TO. 0 or an errno.
static int take_name(const struct filing *filing, int to, const char *name)
{
    g_autofree char *step = name_step(filing, name);
    note_step((const struct procmail_world *)filing->host, step);
    if (!filing->file)
        return draft_link(filing->draft, to, name);
    return linkat(AT_FDCWD, filing->file, to, name, 0) == 0 ? 0 : errno;
}

// Gives the message its name in the folder, in the directory TO; the name, or NULL.
static char *give_name(const struct filing *filing, const struct place *place, int to, ino_t inode)
{
    long number = place->kind == PROCMAIL_MH ? highest_number(place->path) : 0;
    for (guint tries = 0; tries < NAMES_MAX; tries++) {
        g_autofree char *name = NULL;
        if (place->kind == PROCMAIL_MH)
            name = g_strdup_printf("%ld", ++number);
        else if (place->kind == PROCMAIL_MAILDIR)
            name = unique_name(filing->host);
        else if (tries == 0)
            name = inode_name(filing->delivery->prefix, inode);
        else
            break;
        int failed = take_name(filing, to, name);
        if (failed == 0)
            return g_steal_pointer(&name);
        if (failed != EEXIST)
            break;
    }
    return NULL;
}

// Files into the directory PLACE; the path of the message, on the disk, or NULL.
static char *file_message(const struct filing *filing, const struct place *place, int fd)
{
    struct stat status;
    g_autofree char *found = find_earlier(filing, place, fd);
    g_autofree char *part = found ? g_path_get_dirname(found)
                            : place->kind == PROCMAIL_MAILDIR
                                ? g_build_filename(place->path, "new", NULL)
                                : g_strdup(place->path);
    mda_autofd to = files_open_directory(AT_FDCWD, part, true);
    if (to < 0 || fstat(fd, &status) != 0)
        return NULL;
    g_autofree char *name = found ? NULL : give_name(filing, place, to, status.st_ino);
    g_autofree char *path = found  ? g_steal_pointer(&found)
                            : name ? g_strconcat(part, "/", name, NULL)
                                   : NULL;
    if (!path || sync_file(to))
        return g_steal_pointer(&path);
    unlink(path);
    return NULL;
}

static void mark_directory(const struct place *place, mode_t mask)
{
    if (!((place->mode | mask) & MAIL_BIT))
        (void)(chmod(place->path, (place->mode | MAIL_BIT) & 07777) == 0);
}

// Writes the message to a draft. False: that failed, and has been said.
static bool write_draft(const struct filing *filing, const struct place *place, int dirfd,
                        const char *directory, const char *prefix, gsize *written)
{
    const struct procmail_delivery *delivery = filing->delivery;
    const bool maildir = place->kind == PROCMAIL_MAILDIR;
    struct stat status;
    g_autoptr(GArray) segments =
        segments_of(delivery, maildir ? delivery->from_lines : 0, false, !maildir);
    g_autofree char *name = unique_name(filing->host);
    g_autofree char *shown = g_strconcat(directory, "/", prefix, name, NULL);
    if (dirfd < 0 || !draft_open(filing->draft, dirfd, directory, prefix, FILE_MODE, NULL)) {
        complain(delivery, "Couldn't create or rename temp file", shown);
        return false;
    }
    errno = 0;
    bool done = draft_write(filing->draft, first_of(segments), segments->len, true, NULL);
    const int code = errno;
    if (fstat(filing->draft->fd, &status) == 0)
        *written = (gsize)status.st_size;
    if (done || delivery->ignore_errors)
        return true;
    say_failed(delivery, code, shown);
    return false;
}

// Is the directory PATH ours or root's, as is the link that leads there? Another's, in a place
// where all may make one, would show him the mail.
static bool is_ours(struct procmail_host *host, const char *path)
{
    struct stat status;
    g_autoptr(GError) why = NULL;
    bool ours =
        lstat(path, &status) == 0 && files_check_ours(path, &status, FILES_OURS_OR_ROOTS, &why);
    if (ours && S_ISLNK(status.st_mode))
        ours =
            stat(path, &status) == 0 && files_check_ours(path, &status, FILES_OURS_OR_ROOTS, &why);
    if (why)
        say_planted(host, why);
    return ours;
}

static void add_links(const struct filing *first, int fd, GString *folders)
{
    const struct procmail_delivery *delivery = first->delivery;
    struct filing filing = *first;
    mode_t mask = ((struct procmail_world *)filing.host)->mask;
    for (guint i = 0; delivery->links && delivery->links[i]; i++) {
        struct place place;
        filing.number = i + 1;
        if (!find_place(delivery, delivery->links[i], true, mask, &place))
            continue;
        g_autofree char *path = g_steal_pointer(&place.path);
        place.path = path;
        g_autofree char *linked =
            !is_ours(filing.host, path) ? NULL : file_message(&filing, &place, fd);
        if (!linked) {
            complain(delivery, "Couldn't make link to", path);
            continue;
        }
        if (delivery->verbose)
            complain(delivery, "Linking to", linked);
        mark_directory(&place, mask);
        g_string_append_printf(folders, " %s", linked);
    }
}

static bool deliver_to_directory(struct procmail_host *host,
                                 const struct procmail_delivery *delivery,
                                 const struct place *place, struct procmail_delivered *delivered)
{
    const bool maildir = place->kind == PROCMAIL_MAILDIR;
    struct draft draft = DRAFT_NONE;
    struct filing filing = {.host = host, .delivery = delivery, .draft = &draft};
    if (!is_ours(host, place->path)) {
        say_failed(delivery, EACCES, place->path);
        return false;
    }
    g_autofree char *directory =
        maildir ? g_build_filename(place->path, "tmp", NULL) : g_strdup(place->path);
    mda_autofd dirfd = files_open_directory(AT_FDCWD, directory, true);
    bool wrote =
        write_draft(&filing, place, dirfd, directory, maildir ? "" : "_", &delivered->written);
    g_autofree char *path = wrote ? file_message(&filing, place, draft.fd) : NULL;
    if (wrote && !path)
        complain(delivery, "Couldn't create or rename temp file", directory);
    if (path) {
        mark_directory(place, ((struct procmail_world *)host)->mask);
        filing.file = path;
        g_autoptr(GString) folders = g_string_new(path);
        add_links(&filing, draft.fd, folders);
        delivered->folder = g_strdup(folders->str);
    }
    draft_drop(&draft);
    return path != NULL;
}

static bool deliver_to_output(struct procmail_host *host, const struct procmail_delivery *delivery,
                              struct procmail_delivered *delivered)
{
    int fd = ((struct procmail_world *)host)->output;
    delivered->folder = g_strdup("|");
    g_autoptr(GArray) segments = segments_of(delivery, 0, false, true);
    if (files_write(fd, first_of(segments), segments->len, NULL) || delivery->ignore_errors) {
        for (guint i = 0; i < segments->len; i++)
            delivered->written += g_array_index(segments, struct file_segment, i).size;
        return true;
    }
    say_failed(delivery, errno, "|");
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

static bool deliver_now(struct procmail_host *host, const struct procmail_delivery *delivery,
                        struct procmail_delivered *delivered_r)
{
    struct procmail_world *world = (struct procmail_world *)host;
    struct place place;
    if (strcmp(delivery->folder, "|") == 0)
        return deliver_to_output(host, delivery, delivered_r);
    if (!find_place(delivery, delivery->folder, false, world->mask, &place))
        return false;
    g_autofree char *path = place.path;
    if (place.kind != PROCMAIL_FILE)
        return deliver_to_directory(host, delivery, &place, delivered_r);
    if (delivery->links && delivery->links[0]) {
        g_autofree char *rest = g_strjoinv(" ", (char **)delivery->links);
        complain(delivery, "Skipped", rest);
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
        complain(delivery, "Delivered by an earlier run to", delivery->folder);
        delivered_r->folder = g_strdup(delivery->folder);
        delivered_r->written = delivery->size;
        return true;
    }
    if (!deliver_now(host, delivery, delivered_r))
        return false;
    note_step(world, step);
    return true;
}
