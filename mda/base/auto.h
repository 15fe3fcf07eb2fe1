// SPDX-License-Identifier: MIT
// Cleanup by scope for what GLib 2.66 does not cover: file descriptors, FILE, DIR.
// Do not use the FILE one for a file that was written: close that by hand and check the result.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <unistd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FILE, fclose)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DIR, closedir)

// Closes *fd if it is open and sets it to -1; keeps errno. Not for files whose close must be
// checked.
static inline void mda_close_fd(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        // Linux closes it whatever close() says; elsewhere (and under a tracer that makes the call
        // fail) it may be open still, and who reads the other end of a pipe would wait for ever.
        if (close(*fd) != 0 && (errno == EINTR || errno == EIO) && fcntl(*fd, F_GETFD) >= 0)
            close(*fd);
        errno = saved;
        *fd = -1;
    }
}
#define mda_autofd __attribute__((cleanup(mda_close_fd))) int

// Hands a descriptor over: returns *fd and sets it to -1.
static inline int mda_steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}
