// SPDX-License-Identifier: MIT
// Directories as folders of rc files: maildirs, MH folders and plain ones, with hard links.
//
// Design rationale:
// - Before a message gets its name in a directory, the journal has that name: the retry of a run
//   that was killed then knows its own copy, and two recipes that file into one folder keep two.
#include "hosts/procmail-folder.h"

#include "base/auto.h"
#include "base/error.h"
#include "store/draft.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAMES_MAX 10000

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
static char *find_earlier(const struct filing *filing, const struct procmail_place *place, int fd)
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
    procmail_folder_note_step((const struct procmail_world *)filing->host, step);
    if (!filing->file)
        return draft_link(filing->draft, to, name);
    return linkat(AT_FDCWD, filing->file, to, name, 0) == 0 ? 0 : errno;
}

// Gives the message its name in the folder, in the directory TO; the name, or NULL.
static char *give_name(const struct filing *filing, const struct procmail_place *place, int to,
                       ino_t inode)
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
static char *file_message(const struct filing *filing, const struct procmail_place *place, int fd)
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
    if (!path || procmail_folder_sync(to))
        return g_steal_pointer(&path);
    unlink(path);
    return NULL;
}

static void mark_directory(const struct procmail_place *place, mode_t mask)
{
    if (!((place->mode | mask) & PROCMAIL_MAIL_BIT))
        (void)(chmod(place->path, (place->mode | PROCMAIL_MAIL_BIT) & 07777) == 0);
}

// Writes the message to a draft. False: that failed, and has been said.
static bool write_draft(const struct filing *filing, const struct procmail_place *place, int dirfd,
                        const char *directory, const char *prefix, gsize *written)
{
    const struct procmail_delivery *delivery = filing->delivery;
    const bool maildir = place->kind == PROCMAIL_MAILDIR;
    struct stat status;
    g_autoptr(GArray) segments =
        procmail_folder_segments(delivery, maildir ? delivery->from_lines : 0, false, !maildir);
    g_autofree char *name = unique_name(filing->host);
    g_autofree char *shown = g_strconcat(directory, "/", prefix, name, NULL);
    if (dirfd < 0 ||
        !draft_open(filing->draft, dirfd, directory, prefix, PROCMAIL_FILE_MODE, NULL)) {
        procmail_folder_complain(delivery, "Couldn't create or rename temp file", shown);
        return false;
    }
    errno = 0;
    bool done = draft_write(filing->draft, procmail_folder_first_segment(segments), segments->len,
                            true, NULL);
    const int code = errno;
    if (fstat(filing->draft->fd, &status) == 0)
        *written = (gsize)status.st_size;
    if (done || delivery->ignore_errors)
        return true;
    procmail_folder_say_failed(delivery, code, shown);
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
        procmail_folder_say_planted(host, why);
    return ours;
}

static void add_links(const struct filing *first, int fd, GString *folders)
{
    const struct procmail_delivery *delivery = first->delivery;
    struct filing filing = *first;
    mode_t mask = ((struct procmail_world *)filing.host)->mask;
    for (guint i = 0; delivery->links && delivery->links[i]; i++) {
        struct procmail_place place;
        filing.number = i + 1;
        if (!procmail_folder_find_place(delivery, delivery->links[i], true, mask, &place))
            continue;
        g_autofree char *path = g_steal_pointer(&place.path);
        place.path = path;
        g_autofree char *linked =
            !is_ours(filing.host, path) ? NULL : file_message(&filing, &place, fd);
        if (!linked) {
            procmail_folder_complain(delivery, "Couldn't make link to", path);
            continue;
        }
        if (delivery->verbose)
            procmail_folder_complain(delivery, "Linking to", linked);
        mark_directory(&place, mask);
        g_string_append_printf(folders, " %s", linked);
    }
}

bool procmail_folder_file_message(struct procmail_host *host,
                                  const struct procmail_delivery *delivery,
                                  const struct procmail_place *place,
                                  struct procmail_delivered *delivered)
{
    const bool maildir = place->kind == PROCMAIL_MAILDIR;
    struct draft draft = DRAFT_NONE;
    struct filing filing = {.host = host, .delivery = delivery, .draft = &draft};
    if (!is_ours(host, place->path)) {
        procmail_folder_say_failed(delivery, EACCES, place->path);
        return false;
    }
    g_autofree char *directory =
        maildir ? g_build_filename(place->path, "tmp", NULL) : g_strdup(place->path);
    mda_autofd dirfd = files_open_directory(AT_FDCWD, directory, true);
    bool wrote =
        write_draft(&filing, place, dirfd, directory, maildir ? "" : "_", &delivered->written);
    g_autofree char *path = wrote ? file_message(&filing, place, draft.fd) : NULL;
    if (wrote && !path)
        procmail_folder_complain(delivery, "Couldn't create or rename temp file", directory);
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
