// SPDX-License-Identifier: MIT
#include "base/journal.h"

#include "base/auto.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define HASH_CHARACTERS (JOURNAL_NOTE_BYTES - 1)
#define FILE_BYTES (JOURNAL_STEPS_MAX * JOURNAL_NOTE_BYTES)
#define LOCK_POLL_US 20000
// A journal that may not be written any more is closed.
#define CLOSED_MODE 0400
#define CLOSED_SECONDS 3600
#define OPEN_SECONDS (7 * 86400)
// So many old journals are looked at when one is made.
#define TIDY_NAMES_MAX 1000

struct journal {
    char *path;
    int fd;
    bool resumed;
    guint count;               // of notes in the file
    char text[FILE_BYTES + 1]; // what it holds
    GPtrArray *made;           // directories that were made for it, the deepest first
};

// How often a directory that another run took away, because it was empty, is made again.
#define DIRECTORY_TRIES 5

static void hash_of(const char *step, char hash_r[HASH_CHARACTERS + 1])
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, step, -1);
    g_strlcpy(hash_r, sum, HASH_CHARACTERS + 1);
}

// Forgets what is over.
static void tidy(const char *directory)
{
    mda_autofd own = files_open_directory(AT_FDCWD, directory, false);
    int fd = own >= 0 ? dup(own) : -1;
    g_autoptr(DIR) names = fd >= 0 ? fdopendir(fd) : NULL;
    if (!names) {
        mda_close_fd(&fd);
        return;
    }
    const time_t now = time(NULL);
    const struct dirent *entry;
    for (guint i = 0; i < TIDY_NAMES_MAX && (entry = readdir(names)); i++) {
        struct stat status;
        if (fstatat(own, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        const bool closed = (status.st_mode & 0777) == CLOSED_MODE;
        if (now - status.st_mtime > (closed ? CLOSED_SECONDS : OPEN_SECONDS))
            unlinkat(own, entry->d_name, 0);
    }
}

// Takes the room for all steps; in the place of the first stands when the job was begun. What
// cannot be finished is taken away again.
static bool fill(struct journal *journal, const char *directory, GError **err)
{
    memset(journal->text, 0, sizeof journal->text);
    g_snprintf(journal->text, JOURNAL_NOTE_BYTES, "%0*" G_GINT64_FORMAT, HASH_CHARACTERS,
               (gint64)time(NULL));
    journal->text[HASH_CHARACTERS] = '\n';
    journal->count = 1;
    struct file_segment room = {journal->text, FILE_BYTES};
    mda_autofd parent = files_open_directory(AT_FDCWD, directory, true);
    if (parent < 0) {
        mda_fail_errno(err, errno, "open %s", directory);
    } else if (files_write(journal->fd, &room, 1, err) &&
               files_sync(journal->fd, journal->path, err) && files_sync(parent, directory, err)) {
        return true;
    }
    unlink(journal->path);
    (*err)->code = MDA_ERROR_DENIED; // whatever it was: nothing is lost with an empty one
    return false;
}

// A place where nothing can be made holds no journal either.
static bool fail_open(const char *path, int code, GError **err)
{
    mda_fail_errno(err, code, "open %s", path);
    if (code == ENOSPC || code == EDQUOT)
        (*err)->code = MDA_ERROR_DENIED;
    return false;
}

static bool wait_for_lock(int fd, struct deadline deadline)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || deadline_passed(&deadline))
            return false;
        g_usleep(LOCK_POLL_US);
    }
    return true;
}

// Opens the file and takes its lock. The run that had it may have forgotten the file meanwhile.
static bool open_locked(struct journal *journal, struct deadline deadline, struct stat *status_r,
                        GError **err)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    for (guint tries = 0;;) {
        journal->fd = open(journal->path, flags, 0600);
        if (journal->fd < 0 && errno == ENOENT && ++tries < DIRECTORY_TRIES) {
            g_autofree char *directory = g_path_get_dirname(journal->path);
            if (!files_make_path(directory, 0700, true, err))
                return false;
            continue;
        }
        tries = 0;
        if (journal->fd < 0 && errno == EACCES) // closed: all is done
            journal->fd = open(journal->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (journal->fd < 0)
            return fail_open(journal->path, errno, err);
        if (fstat(journal->fd, status_r) != 0)
            return mda_fail_errno(err, errno, "look at %s", journal->path);
        if (!S_ISREG(status_r->st_mode))
            return mda_fail(err, MDA_ERROR_DENIED, "%s is not a regular file", journal->path);
        if (!wait_for_lock(journal->fd, deadline))
            return mda_fail(err, MDA_ERROR_TEMP, "%s: another run of this delivery is at work",
                            journal->path);
        if (fstat(journal->fd, status_r) == 0 && status_r->st_nlink > 0)
            return true;
        mda_close_fd(&journal->fd);
    }
}

// Notes which directories are going to be made for it.
static void list_missing(struct journal *journal, const char *directory)
{
    g_autofree char *at = g_strdup(directory);
    journal->made = g_ptr_array_new_with_free_func(g_free);
    while (strlen(at) > 1 && access(at, F_OK) != 0 && errno == ENOENT) {
        char *above = g_path_get_dirname(at);
        g_ptr_array_add(journal->made, at);
        at = above;
    }
}

bool journal_open(const char *directory, const char *name, struct deadline deadline,
                  struct journal **journal_r, GError **err)
{
    struct stat status;
    struct journal *journal = g_new0(struct journal, 1);
    journal->path = g_build_filename(directory, name, NULL);
    journal->fd = -1;
    list_missing(journal, directory);
    if (!files_make_path(directory, 0700, true, err)) {
        (*err)->code = MDA_ERROR_DENIED;
        journal_close(journal);
        return false;
    }
    bool opened = open_locked(journal, deadline, &status, err);
    if (opened && status.st_size < FILE_BYTES) {
        // New, or left by a run that was killed before it began its job.
        opened = lseek(journal->fd, 0, SEEK_SET) == 0 && fill(journal, directory, err);
        tidy(directory);
    } else if (opened) {
        opened = journal_look(journal, err);
        journal->resumed = true;
    }
    if (!opened) {
        journal_close(journal);
        return false;
    }
    *journal_r = journal;
    return true;
}

bool journal_look(struct journal *journal, GError **err)
{
    gsize at = 0;
    memset(journal->text, 0, sizeof journal->text);
    while (at < FILE_BYTES) {
        ssize_t got = pread(journal->fd, journal->text + at, FILE_BYTES - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mda_fail_errno(err, errno, "read %s", journal->path);
        if (got == 0)
            break;
        at += (gsize)got;
    }
    // A note that was cut short has no line end, and its place is taken by the next.
    journal->count = 0;
    while (journal->count < JOURNAL_STEPS_MAX &&
           journal->text[(journal->count + 1) * JOURNAL_NOTE_BYTES - 1] == '\n')
        journal->count++;
    return true;
}

bool journal_has(const struct journal *journal, const char *step)
{
    char hash[HASH_CHARACTERS + 1];
    if (!journal)
        return false;
    hash_of(step, hash);
    for (guint i = 0; i < journal->count; i++) {
        if (memcmp(journal->text + i * JOURNAL_NOTE_BYTES, hash, HASH_CHARACTERS) == 0)
            return true;
    }
    return false;
}

bool journal_is_resumed(const struct journal *journal)
{
    return journal && journal->resumed;
}

gint64 journal_begun(const struct journal *journal)
{
    return g_ascii_strtoll(journal->text, NULL, 10);
}

void journal_place(const struct journal *journal, const char *step, int *fd_r, off_t *offset_r,
                   char note_r[JOURNAL_NOTE_BYTES])
{
    char hash[HASH_CHARACTERS + 1];
    hash_of(step, hash);
    memcpy(note_r, hash, HASH_CHARACTERS);
    note_r[HASH_CHARACTERS] = '\n';
    *fd_r = journal->fd;
    *offset_r = (off_t)journal->count * JOURNAL_NOTE_BYTES;
}

bool journal_note(struct journal *journal, const char *step, bool sync, GError **err)
{
    char note[JOURNAL_NOTE_BYTES];
    int fd;
    off_t offset;
    if (journal_has(journal, step))
        return !sync || files_sync(journal->fd, journal->path, err);
    if (journal->count >= JOURNAL_STEPS_MAX)
        return mda_fail(err, MDA_ERROR_LIMIT, "%s is full", journal->path);
    journal_place(journal, step, &fd, &offset, note);
    ssize_t wrote;
    do {
        wrote = pwrite(fd, note, sizeof note, offset);
    } while (wrote < 0 && errno == EINTR);
    if (wrote != sizeof note)
        return mda_fail_errno(err, wrote < 0 ? errno : ENOSPC, "write %s", journal->path);
    memcpy(journal->text + offset, note, sizeof note);
    journal->count++;
    return !sync || files_sync(fd, journal->path, err);
}

void journal_finish(struct journal *journal, bool final)
{
    // Either way the descriptor, and with it the lock, is kept until the process ends: who waits
    // for it must not read what is about to be forgotten.
    if (!final) {
        ending_unlink(journal->path);
        for (guint i = 0; i < journal->made->len; i++)
            ending_rmdir(g_ptr_array_index(journal->made, i));
    }
    if (!final || ending_chmod(journal->fd, CLOSED_MODE))
        journal->fd = -1;
}

void journal_forget(struct journal *journal)
{
    unlink(journal->path);
    for (guint i = 0; i < journal->made->len; i++)
        rmdir(g_ptr_array_index(journal->made, i));
}

bool journal_is_empty(const struct journal *journal)
{
    return !journal->resumed && journal->count <= 1;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    mda_close_fd(&journal->fd);
    g_ptr_array_unref(journal->made);
    g_free(journal->path);
    g_free(journal);
}
