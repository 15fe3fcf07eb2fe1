// SPDX-License-Identifier: MIT
// Mailboxes as rc files name them: "name" a file or an existing directory, "name/" a maildir,
// "name/." an MH folder, "|" our standard output.
//
// Design rationale:
// - A file is locked in the kernel, appended to, synced, and cut back to its former size when that
//   fails; in a directory a message gets its name only when it is whole and synced.
// - Names, modes, the escape of "From " and what is logged are procmail's. That is why the stores
//   of store/ are not used: theirs has other names, refuses plain directories and knows no links.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

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

static bool write_all(int fd, const char *data, gsize size, gsize *written)
{
    while (size > 0) {
        ssize_t got = write(fd, data, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        data += got;
        size -= (gsize)got;
        *written += (gsize)got;
    }
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

// The message as it belongs into a folder, behind SKIP bytes of it. BLANK: an empty line at the
// end.
static bool write_message(int fd, const struct procmail_delivery *delivery, gsize skip, bool escape,
                          bool blank, gsize *written)
{
    gsize at = skip;
    while (escape && at < delivery->size) {
        gsize found = next_escape(delivery, at);
        if (found == delivery->size)
            break;
        if (!write_all(fd, delivery->data + at, found + 1 - at, written) ||
            !write_all(fd, ">", 1, written))
            return false;
        at = found + 1;
    }
    if (!write_all(fd, delivery->data + at, delivery->size - at, written))
        return false;
    return delivery->raw || !blank || ends_blank(delivery, skip) || write_all(fd, "\n", 1, written);
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
static void lock_file(struct procmail_host *host, const struct procmail_delivery *delivery, int fd)
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
            return;
        }
        nanosleep(&nap, NULL);
    }
}

static bool sync_file(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
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
    int fd = files_open_to_append(place->path, FILES_ANY_LINK, FILE_MODE, FILES_OURS_OR_ROOTS,
                                  &status, &why);
    if (fd < 0) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG))
            say_planted(host, why);
        say_failed(delivery, EBADF, place->path);
        return false;
    }
    if (!((status.st_mode | world->mask) & MAIL_BIT) && !S_ISCHR(status.st_mode))
        (void)(fchmod(fd, (status.st_mode | MAIL_BIT) & 07777) == 0);
    lock_file(host, delivery, fd);
    off_t before = lseek(fd, 0, SEEK_END);
    errno = 0;
    bool done = write_message(fd, delivery, 0, !delivery->raw, true, written);
    int code = errno;
    if (fsync(fd) != 0) { // EINVAL: a device
        done = done && errno == EINVAL;
        code = errno;
    }
    bool kept = done || delivery->ignore_errors;
    if (!kept) {
        *written = delivery->size;
        say_failed(delivery, code, place->path);
        if (before >= 0 && ftruncate(fd, before) == 0 && delivery->log_open)
            complain(delivery, "Truncated file to former size\n", NULL);
    }
    if (close(fd) != 0 && kept && !delivery->ignore_errors) {
        say_failed(delivery, errno, place->path);
        return false;
    }
    return kept;
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

// Gives the file DRAFT its name in the folder; the path, or NULL.
static char *give_name(struct procmail_host *host, const struct procmail_delivery *delivery,
                       const struct place *place, const char *draft)
{
    struct stat status;
    g_autofree char *path = NULL;
    long number = place->kind == PROCMAIL_MH ? highest_number(place->path) : 0;
    for (guint tries = 0; tries < NAMES_MAX; tries++) {
        g_autofree char *name = NULL;
        if (place->kind == PROCMAIL_MH)
            name = g_strdup_printf("%ld", ++number);
        else if (place->kind == PROCMAIL_MAILDIR)
            name = unique_name(host);
        else if (tries == 0 && stat(draft, &status) == 0)
            name = inode_name(delivery->prefix, status.st_ino);
        else
            break;
        g_free(path);
        path =
            g_strconcat(place->path, place->kind == PROCMAIL_MAILDIR ? "/new/" : "/", name, NULL);
        if (link(draft, path) == 0)
            return g_steal_pointer(&path);
        if (errno != EEXIST)
            break;
    }
    return NULL;
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

// A file in DIRECTORY that is the message in DRAFT, no older than the delivery; its path, or NULL.
static char *find_same(const struct procmail_world *world, const char *draft, const char *directory)
{
    struct stat wanted, status;
    mda_autofd fd = files_open_regular(draft, FILES_NO_LINK, &wanted, NULL);
    g_autoptr(DIR) names = fd >= 0 ? opendir(directory) : NULL;
    for (struct dirent *entry; names && (entry = readdir(names));) {
        g_autofree char *path = g_build_filename(directory, entry->d_name, NULL);
        mda_autofd other = files_open_regular(path, FILES_NO_LINK, &status, NULL);
        if (other >= 0 && status.st_ino != wanted.st_ino && status.st_size == wanted.st_size &&
            status.st_mtime >= (time_t)journal_begun(world->journal) && same_bytes(fd, other))
            return g_steal_pointer(&path);
    }
    return NULL;
}

// What an earlier run of this delivery, which was killed before it could note it, has filed.
static char *find_earlier(struct procmail_host *host, const struct place *place, const char *draft)
{
    static const char *const parts[] = {"new", "cur"};
    const struct procmail_world *world = (struct procmail_world *)host;
    if (!journal_is_resumed(world->journal))
        return NULL;
    if (place->kind != PROCMAIL_MAILDIR)
        return find_same(world, draft, place->path);
    char *found = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(parts) && !found; i++) {
        g_autofree char *part = g_build_filename(place->path, parts[i], NULL);
        found = find_same(world, draft, part);
    }
    return found;
}

static bool sync_directory(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    mda_autofd fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && sync_file(fd);
}

static void mark_directory(const struct place *place, mode_t mask)
{
    if (!((place->mode | mask) & MAIL_BIT))
        (void)(chmod(place->path, (place->mode | MAIL_BIT) & 07777) == 0);
}

static void drop_draft(const char *draft, int token)
{
    unlink(draft);
    files_forget_temporary(token);
}

// Writes the message to a new file beside its place; its name, or NULL when that failed. *TOKEN_R:
// where it is registered as temporary.
static char *write_draft(struct procmail_host *host, const struct procmail_delivery *delivery,
                         const struct place *place, gsize *written, int *token_r)
{
    bool maildir = place->kind == PROCMAIL_MAILDIR;
    g_autofree char *name = unique_name(host);
    g_autofree char *draft = g_strconcat(place->path, maildir ? "/tmp/" : "/_", name, NULL);
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) {
        complain(delivery, "Couldn't create or rename temp file", draft);
        return NULL;
    }
    *token_r = files_register_temporary(draft);
    gsize skip = maildir ? delivery->from_lines : 0;
    errno = 0;
    bool done = write_message(fd, delivery, skip, false, !maildir, written) && sync_file(fd);
    int code = errno;
    if (close(fd) != 0 && done) {
        done = false;
        code = errno;
    }
    if (done || delivery->ignore_errors)
        return g_steal_pointer(&draft);
    drop_draft(draft, *token_r);
    say_failed(delivery, code, draft);
    return NULL;
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

static void add_links(struct procmail_host *host, const struct procmail_delivery *delivery,
                      const char *file, GString *folders)
{
    mode_t mask = ((struct procmail_world *)host)->mask;
    for (guint i = 0; delivery->links && delivery->links[i]; i++) {
        struct place place;
        if (!find_place(delivery, delivery->links[i], true, mask, &place))
            continue;
        g_autofree char *path = g_steal_pointer(&place.path);
        place.path = path;
        g_autofree char *linked =
            !is_ours(host, path) ? NULL : give_name(host, delivery, &place, file);
        if (!linked) {
            complain(delivery, "Couldn't make link to", path);
            continue;
        }
        if (delivery->verbose)
            complain(delivery, "Linking to", linked);
        sync_directory(linked);
        mark_directory(&place, mask);
        g_string_append_printf(folders, " %s", linked);
    }
}

static bool deliver_to_directory(struct procmail_host *host,
                                 const struct procmail_delivery *delivery,
                                 const struct place *place, struct procmail_delivered *delivered)
{
    int token = 0;
    if (!is_ours(host, place->path)) {
        say_failed(delivery, EACCES, place->path);
        return false;
    }
    g_autofree char *draft = write_draft(host, delivery, place, &delivered->written, &token);
    if (!draft)
        return false;
    g_autofree char *path = find_earlier(host, place, draft);
    if (!path)
        path = give_name(host, delivery, place, draft);
    if (!path || !sync_directory(path)) {
        if (path)
            unlink(path);
        drop_draft(draft, token);
        complain(delivery, "Couldn't create or rename temp file", draft);
        return false;
    }
    drop_draft(draft, token);
    mark_directory(place, ((struct procmail_world *)host)->mask);
    g_autoptr(GString) folders = g_string_new(path);
    add_links(host, delivery, path, folders);
    delivered->folder = g_strdup(folders->str);
    return true;
}

static bool deliver_to_output(struct procmail_host *host, const struct procmail_delivery *delivery,
                              struct procmail_delivered *delivered)
{
    int fd = ((struct procmail_world *)host)->output;
    delivered->folder = g_strdup("|");
    if (write_message(fd, delivery, 0, false, true, &delivered->written) || delivery->ignore_errors)
        return true;
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

// The retry runs the same rc file on the same mail: the same delivery comes at the same place.
bool procmail_deliver(struct procmail_host *host, const struct procmail_delivery *delivery,
                      struct procmail_delivered *delivered_r)
{
    struct procmail_world *world = (struct procmail_world *)host;
    *delivered_r = (struct procmail_delivered){0};
    world->deliveries++;
    if (world->dry_run)
        return deliver_dry(host, delivery, delivered_r);
    g_autofree char *step = g_strdup_printf("%u %s", world->deliveries, delivery->folder);
    if (journal_has(world->journal, step)) {
        complain(delivery, "Delivered by an earlier run to", delivery->folder);
        delivered_r->folder = g_strdup(delivery->folder);
        delivered_r->written = delivery->size;
        return true;
    }
    if (!deliver_now(host, delivery, delivered_r))
        return false;
    g_autoptr(GError) err = NULL;
    if (world->journal && !journal_note(world->journal, step, false, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
    return true;
}
