// SPDX-License-Identifier: MIT
#include "base/files.h"

#include "base/auto.h"
#include "base/error.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

// How many segments go into one writev; IOV_MAX is at least 16 (POSIX) and 1,024 here.
#define FILES_IOVECS 16

static ssize_t write_some(int fd, const struct iovec *vectors, int count)
{
    for (;;) {
        ssize_t written = writev(fd, vectors, count);
        if (written >= 0 || (errno != EINTR && errno != EAGAIN))
            return written;
        if (errno == EAGAIN && poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000) < 0 &&
            errno != EINTR)
            return -1;
    }
}

bool files_write(int fd, const struct file_segment *segments, guint count, GError **err)
{
    guint at = 0;
    gsize offset = 0; // within segments[at]
    while (at < count) {
        struct iovec vectors[FILES_IOVECS];
        int used = 0;
        for (guint i = at; i < count && used < FILES_IOVECS; i++) {
            gsize skip = i == at ? offset : 0;
            if (segments[i].size > skip)
                vectors[used++] = (struct iovec){.iov_base = (char *)segments[i].data + skip,
                                                 .iov_len = segments[i].size - skip};
        }
        ssize_t written = used > 0 ? write_some(fd, vectors, used) : 0;
        if (written < 0)
            return mda_fail_errno(err, errno, "write");
        if (used > 0 && written == 0)
            return mda_fail_errno(err, EIO, "write made no progress");
        gsize left = (gsize)written;
        while (at < count && left >= segments[at].size - offset) {
            left -= segments[at].size - offset;
            offset = 0;
            at++;
        }
        offset += left;
    }
    return true;
}

bool files_sync(int fd, const char *what, GError **err)
{
    if (fsync(fd) != 0)
        return mda_fail_errno(err, errno, "fsync %s", what);
    return true;
}

bool files_close(int *fd, const char *what, GError **err)
{
    if (close(mda_steal_fd(fd)) != 0)
        return mda_fail_errno(err, errno, "close %s", what);
    return true;
}

int files_open_directory(int dirfd, const char *name, bool follow)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    int fd;
    do {
        fd = openat(dirfd, name, flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// The umask that we inherited must not decide who may read a mail store. Bits that the directory
// above handed down (set-group-ID) stay.
static bool make_directory(int dirfd, const char *name, mode_t mode)
{
    struct stat status;
    if (mkdirat(dirfd, name, mode) != 0)
        return false;
    if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
        (status.st_mode & 0777) != mode &&
        fchmodat(dirfd, name, (status.st_mode & 07000) | mode, 0) != 0)
        errno = 0; // too closed is no reason to keep the mail out
    return true;
}

bool files_make_directory(int dirfd, const char *name, mode_t mode, bool sync, GError **err)
{
    if (!make_directory(dirfd, name, mode)) {
        if (errno == EEXIST)
            return true;
        return mda_fail_errno(err, errno, "make directory %s", name);
    }
    return !sync || dirfd == AT_FDCWD || files_sync(dirfd, name, err);
}

static bool sync_directory(const char *path, GError **err)
{
    mda_autofd fd = files_open_directory(AT_FDCWD, path, true);
    if (fd < 0)
        return mda_fail_errno(err, errno, "open directory %s", path);
    return files_sync(fd, path, err);
}

bool files_make_path(const char *path, mode_t mode, bool sync, GError **err)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    g_autofree char *parent = g_path_get_dirname(path);
    // The path gets shorter with every step, so this ends at "/" or ".".
    if (strcmp(parent, path) != 0 && !files_make_path(parent, mode, sync, err))
        return false;
    if (!make_directory(AT_FDCWD, path, mode)) {
        if (errno == EEXIST)
            return true;
        return mda_fail_errno(err, errno, "make directory %s", path);
    }
    return !sync || sync_directory(parent, err);
}

static bool write_and_rename(int *fd, const char *temporary, const char *path, const char *data,
                             gsize size, mode_t mode, GError **err)
{
    struct file_segment segment = {data, size};
    if (fchmod(*fd, mode) != 0)
        return mda_fail_errno(err, errno, "set the mode of %s", temporary);
    if (!files_write(*fd, &segment, 1, err) || !files_sync(*fd, temporary, err) ||
        !files_close(fd, temporary, err))
        return false;
    if (rename(temporary, path) != 0)
        return mda_fail_errno(err, errno, "rename %s to %s", temporary, path);
    return true;
}

bool files_replace(const char *path, const char *data, gsize size, mode_t mode, GError **err)
{
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    // A signal that ends us must not come between the making of a name and the note that it is
    // ours.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    mda_autofd fd = mkostemp(temporary, O_CLOEXEC);
    int code = errno, token = fd >= 0 ? files_register_temporary(temporary) : -1;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (fd < 0)
        return mda_fail_errno(err, code, "make %s", temporary);
    bool written = write_and_rename(&fd, temporary, path, data, size, mode, err);
    if (!written)
        unlink(temporary);
    files_forget_temporary(token);
    g_autofree char *parent = g_path_get_dirname(path);
    return written && sync_directory(parent, err);
}

// Pointers are published last and withdrawn first, so that a handler sees a whole name or none.
static char *volatile temporaries[FILES_TEMPORARIES];

int files_register_temporary(const char *path)
{
    for (int i = 0; i < FILES_TEMPORARIES; i++) {
        if (!temporaries[i]) {
            temporaries[i] = g_strdup(path);
            return i;
        }
    }
    g_error("more than %d temporary files at a time", FILES_TEMPORARIES);
}

void files_forget_temporary(int token)
{
    char *path = temporaries[token];
    temporaries[token] = NULL;
    g_free(path);
}

static volatile sig_atomic_t growing;
static int growing_fd;
static off_t growing_from;

void files_register_growth(int fd, off_t size)
{
    growing_fd = fd;
    growing_from = size;
    growing = 1;
}

void files_forget_growth(void)
{
    growing = 0;
}

void files_drop_temporaries(void)
{
    if (growing && ftruncate(growing_fd, growing_from) != 0)
        growing = 0; // nobody is left to tell
    for (int i = 0; i < FILES_TEMPORARIES; i++) {
        if (temporaries[i])
            unlink(temporaries[i]);
    }
}
