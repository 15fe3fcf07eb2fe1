// SPDX-License-Identifier: MIT
// Makes one call of the program's fail (LD_PRELOAD):
//
//   SHIM_CALL=fsync SHIM_NTH=2 SHIM_FAULT=5 SHIM_FIRED=FILE  the second fsync fails with errno 5
//   SHIM_FAULT=short  a write takes half;  SHIM_FAULT=KILL, TERM, SEGV: the signal comes instead
//   SHIM_FAULT=half   a write gets as far as a page in its middle, and then comes SIGKILL: the
//   kernel
//                     ends a write to a file for a signal between two pages
//
// FILE appears when it happened. Every call that the C library is asked for counts, also the ones
// of other libraries; what the C library does within itself does not. SHIM_CALL=any counts all
// that are here.
//
//   SHIM_TRACE=FILE  a line for each call, before it is made: its name, the file's device:inode and
//                    path, and for names that it makes or takes away the name
//   SHIM_USER=0      the process takes itself for this user, and for root becoming another succeeds
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { GO_ON, FAIL, HALF, LAST_HALF };

// A line of the trace. FD: the file or directory, or -1; NAME: a path, or NULL.
static void note(const char *call, int fd, const char *name)
{
    const char *trace = getenv("SHIM_TRACE");
    if (!trace)
        return;
    char from[40], path[PATH_MAX] = "-", line[2 * PATH_MAX + 100];
    struct stat status = {0};
    if (fd >= 0) {
        snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
        long length = syscall(SYS_readlink, from, path, sizeof path - 1);
        path[length > 0 ? length : 0] = '\0';
        if (fstat(fd, &status) != 0)
            status.st_ino = 0;
    }
    int size =
        snprintf(line, sizeof line, "%s\t%lu:%lu\t%s\t%s\n", call, (unsigned long)status.st_dev,
                 (unsigned long)status.st_ino, path, name ? name : "");
    long out =
        syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    syscall(SYS_write, out, line, (size_t)size);
    syscall(SYS_close, out);
}

// Is it the turn of the call NAME, of FD or FILE? FAIL: errno is set.
static int turn(const char *name, int fd_of, const char *file)
{
    static long count;
    const char *call = getenv("SHIM_CALL"), *nth = getenv("SHIM_NTH"),
               *fault = getenv("SHIM_FAULT"), *fired = getenv("SHIM_FIRED");
    note(name, fd_of, file);
    bool meant = call && (strcmp(call, name) == 0 || strcmp(call, "any") == 0);
    if (!meant || !nth || !fault || !fired || ++count != atol(nth))
        return GO_ON;
    long fd = syscall(SYS_openat, AT_FDCWD, fired, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    syscall(SYS_close, fd);
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"KILL", SIGKILL}, {"TERM", SIGTERM}, {"SEGV", SIGSEGV}};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (strcmp(fault, signals[i].name) == 0)
            syscall(SYS_kill, getpid(), signals[i].number);
    }
    if (strcmp(fault, "short") == 0)
        return HALF;
    if (strcmp(fault, "half") == 0)
        return LAST_HALF;
    errno = atoi(fault);
    return errno ? FAIL : GO_ON;
}

static void write_half_and_die(int fd, const char *data, size_t size)
{
    off_t from = syscall(SYS_lseek, fd, 0, SEEK_CUR), middle = from + (off_t)size / 2;
    if (middle - middle % 4096 > from)
        syscall(SYS_write, fd, data, (size_t)(middle - middle % 4096 - from));
    syscall(SYS_kill, getpid(), SIGKILL);
}

ssize_t write(int fd, const void *data, size_t size)
{
    int how = turn("write", fd, NULL);
    if (how == FAIL)
        return -1;
    if (how == LAST_HALF)
        write_half_and_die(fd, data, size);
    return syscall(SYS_write, fd, data, how == HALF && size > 1 ? size / 2 : size);
}

ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    int how = turn("writev", fd, NULL);
    if (how == FAIL)
        return -1;
    if (how == LAST_HALF)
        write_half_and_die(fd, vectors[0].iov_base, vectors[0].iov_len);
    if (how == HALF)
        return syscall(SYS_write, fd, vectors[0].iov_base, (vectors[0].iov_len + 1) / 2);
    return syscall(SYS_writev, fd, vectors, count);
}

ssize_t read(int fd, void *data, size_t size)
{
    int how = turn("read", fd, NULL);
    if (how == FAIL)
        return -1;
    return syscall(SYS_read, fd, data, how == HALF && size > 1 ? size / 2 : size);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return turn("pread", fd, NULL) == FAIL ? -1 : syscall(SYS_pread64, fd, data, size, offset);
}

int fsync(int fd)
{
    return turn("fsync", fd, NULL) == FAIL ? -1 : (int)syscall(SYS_fsync, fd);
}

// An error of close still closes.
int close(int fd)
{
    int how = turn("close", fd, NULL), error = errno;
    int result = (int)syscall(SYS_close, fd);
    if (how != FAIL)
        return result;
    errno = error;
    return -1;
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return turn("open", -1, path) == FAIL ? -1
                                          : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return turn("openat", dirfd, path) == FAIL ? -1
                                               : (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    return turn("linkat", to, new) == FAIL ? -1
                                           : (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int link(const char *old, const char *new)
{
    return turn("link", -1, new) == FAIL
               ? -1
               : (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlink(const char *path)
{
    return turn("unlink", -1, path) == FAIL ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    return turn("unlinkat", dirfd, path) == FAIL ? -1
                                                 : (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

int fchmod(int fd, mode_t mode)
{
    return turn("fchmod", fd, NULL) == FAIL ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return turn("mkdirat", dirfd, path) == FAIL ? -1 : (int)syscall(SYS_mkdirat, dirfd, path, mode);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return turn("lseek", fd, NULL) == FAIL ? -1 : (off_t)syscall(SYS_lseek, fd, offset, whence);
}

int fdatasync(int fd)
{
    return turn("fdatasync", fd, NULL) == FAIL ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return turn("ftruncate", fd, NULL) == FAIL ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int rename(const char *old, const char *new)
{
    return turn("rename", -1, new) == FAIL
               ? -1
               : (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
}

// Who we are: the truth, or SHIM_USER until another user is taken on.
static long uid_now = -1, gid_now = -1;
static long identity(long truth, const long *taken)
{
    const char *user = getenv("SHIM_USER");
    if (!user)
        return truth;
    return *taken >= 0 ? *taken : atol(user);
}

uid_t getuid(void)
{
    return (uid_t)identity(syscall(SYS_getuid), &uid_now);
}

uid_t geteuid(void)
{
    return (uid_t)identity(syscall(SYS_geteuid), &uid_now);
}

gid_t getgid(void)
{
    return (gid_t)identity(syscall(SYS_getgid), &gid_now);
}

gid_t getegid(void)
{
    return (gid_t)identity(syscall(SYS_getegid), &gid_now);
}

int initgroups(const char *user, gid_t group)
{
    (void)group;
    if (turn("initgroups", -1, user) == FAIL)
        return -1;
    return getenv("SHIM_USER") ? 0 : (int)syscall(SYS_setgroups, 1, &group);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    if (turn("setresgid", -1, NULL) == FAIL)
        return -1;
    gid_now = effective;
    return getenv("SHIM_USER") ? 0 : (int)syscall(SYS_setresgid, real, effective, saved);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    if (turn("setresuid", -1, NULL) == FAIL)
        return -1;
    uid_now = effective;
    return getenv("SHIM_USER") ? 0 : (int)syscall(SYS_setresuid, real, effective, saved);
}

int setuid(uid_t user)
{
    if (turn("setuid", -1, NULL) == FAIL)
        return -1;
    if (!getenv("SHIM_USER"))
        return (int)syscall(SYS_setuid, user);
    errno = EPERM;
    return identity(-1, &uid_now) == 0 ? 0 : -1;
}
