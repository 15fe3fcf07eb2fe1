// SPDX-License-Identifier: MIT
// Files that are written to where somebody else may have put something in their place: a file of
// his own, to read what comes; a link, symbolic or hard, so that what comes lands in another file
// of the user's; a named pipe, that nothing ends. The descriptor is judged, never the path.
#include "base/files.h"

#include "base/auto.h"
#include "base/error.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 8

bool files_check_ours(const char *path, const struct stat *status, enum files_trust trust,
                      GError **err)
{
    const bool root_may = trust == FILES_OURS_OR_ROOTS && status->st_uid == 0;
    if (status->st_uid != geteuid() && !root_may)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: belongs to another user (%d)", path,
                        (int)status->st_uid);
    if (S_ISREG(status->st_mode) && status->st_nlink > 1)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: has %ju names (hard links)", path,
                        (uintmax_t)status->st_nlink);
    return true;
}

static int open_once(int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// Where the symbolic link PATH leads, when it is ours or root's. *MAGIC_R: it is one of /proc,
// which only the kernel can follow.
static char *follow(const char *path, enum files_trust trust, bool *magic_r, GError **err)
{
    char target[PATH_MAX];
    struct stat status;
    struct statfs where;
    mda_autofd fd = open_once(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0 || fstat(fd, &status) != 0 || fstatfs(fd, &where) != 0) {
        mda_fail_errno(err, errno, "open %s", path);
        return NULL;
    }
    ssize_t length = readlinkat(fd, "", target, sizeof target);
    if (length < 0 || length == sizeof target) {
        mda_fail(err, MDA_ERROR_TEMP, "%s: was replaced while it was being opened", path);
        return NULL;
    }
    *magic_r = where.f_type == PROC_SUPER_MAGIC;
    if (!*magic_r && !files_check_ours(path, &status, trust, err))
        return NULL;
    g_autofree char *text = g_strndup(target, (gsize)length);
    g_autofree char *directory = g_path_get_dirname(path);
    return *text == '/' ? g_steal_pointer(&text) : g_build_filename(directory, text, NULL);
}

// Opens PATH or makes it, through links that are ours or root's.
static int open_through_links(const char *path, int flags, mode_t mode, enum files_trust trust,
                              guint most, bool *given_r, GError **err)
{
    g_autofree char *at = g_strdup(path);
    for (guint links = 0; links <= most; links++) {
        int fd = open_once(AT_FDCWD, at, flags | O_NOFOLLOW, 0);
        if (fd < 0 && errno == ENOENT)
            fd = open_once(AT_FDCWD, at, flags | O_NOFOLLOW | O_CREAT, mode);
        if (fd >= 0)
            return fd;
        if (errno != ELOOP) {
            mda_fail_errno(err, errno, "open %s", path);
            return -1;
        }
        if (links == most)
            break;
        bool magic = false;
        char *next = follow(at, trust, &magic, err);
        if (!next)
            return -1;
        if (magic) {
            g_free(next);
            *given_r = true; // a descriptor that whoever started us left open
            if ((fd = open_once(AT_FDCWD, at, flags, 0)) < 0)
                mda_fail_errno(err, errno, "open %s", path);
            return fd;
        }
        g_free(at);
        at = next;
    }
    mda_fail_errno(err, ELOOP, "open %s", path);
    return -1;
}

static int open_ours(const char *path, int flags, enum files_how how, mode_t mode,
                     enum files_trust trust, struct stat *status_r, GError **err)
{
    struct stat status;
    bool given = false;
    const guint links = how == FILES_NO_LINK ? 0 : LINKS_MAX;
    mda_autofd fd = open_through_links(path, flags, mode, trust, links, &given, err);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) != 0) {
        mda_fail_errno(err, errno, "look at %s", path);
        return -1;
    }
    // Nobody but root can plant a device; and a terminal may be anybody's.
    if (!given && !S_ISCHR(status.st_mode) && !files_check_ours(path, &status, trust, err))
        return -1;
    if (status_r)
        *status_r = status;
    return mda_steal_fd(&fd);
}

int files_open_to_append(const char *path, enum files_how how, mode_t mode, enum files_trust trust,
                         struct stat *status_r, GError **err)
{
    return open_ours(path, O_WRONLY | O_APPEND, how, mode, trust, status_r, err);
}

int files_open_mailbox(const char *path, mode_t mode, enum files_trust trust, struct stat *status_r,
                       GError **err)
{
    return open_ours(path, O_RDWR, FILES_ANY_LINK, mode, trust, status_r, err);
}

// Opens NAME below *FD, which it replaces. A link of ours or root's is put in front of *REST.
static bool step(int *fd, const char *name, char **rest, guint *links)
{
    struct stat status;
    char target[PATH_MAX];
    mda_autofd next = open_once(*fd, name, O_PATH | O_NOFOLLOW, 0);
    if (next < 0 || fstat(next, &status) != 0)
        return false;
    if (!S_ISLNK(status.st_mode)) {
        mda_close_fd(fd);
        *fd = mda_steal_fd(&next);
        errno = ENOTDIR;
        return S_ISDIR(status.st_mode);
    }
    errno = ++*links > LINKS_MAX || !*rest ? ELOOP : EPERM;
    if (*links > LINKS_MAX || !*rest || (status.st_uid != 0 && status.st_uid != geteuid()))
        return false;
    ssize_t length = readlinkat(next, "", target, sizeof target);
    if (length <= 0 || (gsize)length == sizeof target)
        return false;
    target[length] = '\0';
    char *joined = g_build_filename(target, *rest, NULL);
    g_free(*rest);
    *rest = joined;
    if (*target != '/')
        return true;
    mda_close_fd(fd);
    return (*fd = open_once(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0)) >= 0;
}

int files_open_directory_by_steps(const char *path)
{
    guint links = 0;
    g_autofree char *rest = g_strdup(path);
    mda_autofd fd = open_once(AT_FDCWD, *path == '/' ? "/" : ".", O_PATH | O_DIRECTORY, 0);
    while (fd >= 0 && rest) {
        const char *start = rest + strspn(rest, "/");
        gsize length = strcspn(start, "/");
        const char *behind = start + length + strspn(start + length, "/");
        g_autofree char *name = g_strndup(start, length);
        char *left = *behind ? g_strdup(behind) : NULL;
        g_free(rest);
        rest = left;
        if (*name && !step(&fd, name, &rest, &links))
            return -1;
    }
    return fd < 0 ? -1 : open_once(fd, ".", O_RDONLY | O_DIRECTORY, 0);
}
