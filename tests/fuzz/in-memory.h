// SPDX-License-Identifier: MIT
// A file that lives in memory, for what reads files by their names.
#pragma once

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

// Makes the file with the bytes at DATA and writes its path into PATH_R (at least 32 bytes). The
// descriptor is the caller's to close.
static inline int in_memory(const uint8_t *data, size_t size, char path_r[32])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    snprintf(path_r, 32, "/proc/self/fd/%d", fd);
    return fd;
}
