// SPDX-License-Identifier: MIT
#include "base/ending.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct {
    int fd;
    mode_t mode;
} chmods[ENDING_MAX];
static char *unlinks[ENDING_MAX], *rmdirs[ENDING_MAX];
// Counted up when an entry is whole, so that a handler sees whole ones.
static volatile sig_atomic_t chmod_count, unlink_count, rmdir_count;

// Nobody who looks at a mailbox sees it; where there are no such attributes, the sticky bit does.
#define MARK "user.backstop.unfinished"

bool ending_mark(int fd)
{
    struct stat status;
    return fsetxattr(fd, MARK, "", 0, 0) == 0 ||
           (fstat(fd, &status) == 0 && fchmod(fd, (status.st_mode & 07777) | S_ISVTX) == 0);
}

bool ending_is_marked(int fd)
{
    struct stat status;
    return fgetxattr(fd, MARK, NULL, 0) >= 0 ||
           (fstat(fd, &status) == 0 && (status.st_mode & S_ISVTX));
}

bool ending_mark_as(int fd, const char *text)
{
    return fsetxattr(fd, MARK, text, strlen(text), 0) == 0;
}

bool ending_mark_text(int fd, char *text_r, size_t size)
{
    ssize_t length = fgetxattr(fd, MARK, text_r, size - 1);
    if (length <= 0)
        return false;
    text_r[length] = '\0';
    return true;
}

void ending_unmark(int fd)
{
    struct stat status;
    if (fremovexattr(fd, MARK) != 0 && fstat(fd, &status) == 0 && (status.st_mode & S_ISVTX) &&
        fchmod(fd, status.st_mode & 07777 & ~(mode_t)S_ISVTX) != 0)
        errno = 0; // a mark that stays changes nothing for readers
}

static void settle(int fd, mode_t mode)
{
    // Either kind of mark, without asking which: what is killed in between is still marked.
    if (fchmod(fd, mode) != 0 || fremovexattr(fd, MARK) != 0)
        errno = 0; // a mark that stays changes nothing for readers
}

bool ending_claim(int fd)
{
    // Where such locks are not to be had, nobody has one.
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool ending_chmod(int fd, mode_t mode)
{
    if (chmod_count == ENDING_MAX) {
        settle(fd, mode);
        return false;
    }
    chmods[chmod_count].fd = fd;
    chmods[chmod_count].mode = mode;
    chmod_count = chmod_count + 1;
    return true;
}

bool ending_unlink(const char *path)
{
    if (unlink_count == ENDING_MAX) {
        unlink(path);
        return false;
    }
    unlinks[unlink_count] = g_strdup(path);
    unlink_count = unlink_count + 1;
    return true;
}

bool ending_rmdir(const char *path)
{
    if (rmdir_count == ENDING_MAX) {
        rmdir(path);
        return false;
    }
    rmdirs[rmdir_count] = g_strdup(path);
    rmdir_count = rmdir_count + 1;
    return true;
}

bool ending_is_due(void)
{
    return chmod_count > 0 || unlink_count > 0 || rmdir_count > 0;
}

void ending_finish(void)
{
    for (int i = 0; i < chmod_count; i++)
        settle(chmods[i].fd, chmods[i].mode);
    for (int i = 0; i < unlink_count; i++)
        unlink(unlinks[i]);
    for (int i = 0; i < rmdir_count; i++)
        rmdir(rmdirs[i]);
    // Last: a signal in between does it all once more.
    chmod_count = unlink_count = rmdir_count = 0;
}
