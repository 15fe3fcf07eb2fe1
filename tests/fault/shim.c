// SPDX-License-Identifier: MIT
// Makes one call of the program's fail (LD_PRELOAD):
//
//   SHIM_CALL=fsync SHIM_NTH=2 SHIM_FAULT=5 SHIM_FIRED=FILE  the second fsync fails with errno 5
//   SHIM_FAULT=short  a write takes half;  SHIM_FAULT=KILL, TERM, SEGV: the signal comes instead
//
// FILE appears when it happened. Every call that the C library is asked for counts, also the ones
// of other libraries; what the C library does within itself does not.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { GO_ON, FAIL, HALF };

// Is it the turn of the call NAME? FAIL: errno is set.
static int turn(const char *name)
{
    static long count;
    const char *call = getenv("SHIM_CALL"), *nth = getenv("SHIM_NTH"),
               *fault = getenv("SHIM_FAULT"), *fired = getenv("SHIM_FIRED");
    if (!call || !nth || !fault || !fired || strcmp(call, name) != 0 || ++count != atol(nth))
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
    errno = atoi(fault);
    return errno ? FAIL : GO_ON;
}

ssize_t write(int fd, const void *data, size_t size)
{
    int how = turn("write");
    if (how == FAIL)
        return -1;
    return syscall(SYS_write, fd, data, how == HALF && size > 1 ? size / 2 : size);
}

ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    int how = turn("writev");
    if (how == FAIL)
        return -1;
    if (how == HALF)
        return syscall(SYS_write, fd, vectors[0].iov_base, (vectors[0].iov_len + 1) / 2);
    return syscall(SYS_writev, fd, vectors, count);
}

ssize_t read(int fd, void *data, size_t size)
{
    int how = turn("read");
    if (how == FAIL)
        return -1;
    return syscall(SYS_read, fd, data, how == HALF && size > 1 ? size / 2 : size);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return turn("pread") == FAIL ? -1 : syscall(SYS_pread64, fd, data, size, offset);
}

int fsync(int fd)
{
    return turn("fsync") == FAIL ? -1 : (int)syscall(SYS_fsync, fd);
}

// An error of close still closes.
int close(int fd)
{
    int how = turn("close"), error = errno;
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
    return turn("open") == FAIL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return turn("openat") == FAIL ? -1 : (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    return turn("linkat") == FAIL ? -1 : (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int link(const char *old, const char *new)
{
    return turn("link") == FAIL ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlink(const char *path)
{
    return turn("unlink") == FAIL ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    return turn("unlinkat") == FAIL ? -1 : (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

int fchmod(int fd, mode_t mode)
{
    return turn("fchmod") == FAIL ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    return turn("mkdirat") == FAIL ? -1 : (int)syscall(SYS_mkdirat, dirfd, path, mode);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return turn("lseek") == FAIL ? -1 : (off_t)syscall(SYS_lseek, fd, offset, whence);
}
