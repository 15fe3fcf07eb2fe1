// SPDX-License-Identifier: MIT
#include "message/spool.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/narrow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SPOOL_READ_BYTES (64 * 1024)

// Reads into BUFFER; 0 at the end of input, -1 on an error. Waits where the MTA's end is
// non-blocking: EAGAIN is not the end.
static ssize_t read_some(int fd, char *buffer, gsize size)
{
    for (;;) {
        ssize_t got = read(fd, buffer, size);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN))
            return got;
        if (errno == EAGAIN && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) < 0 &&
            errno != EINTR)
            return -1;
    }
}

static int nameless_file(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    g_autofree char *path = g_build_filename(directory, "backstop.XXXXXX", NULL);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && unlink(path) != 0) {
        mda_close_fd(&fd);
        return -1;
    }
    return fd;
}

static int open_overflow(const char *directory)
{
    const char *places[] = {directory, g_get_tmp_dir(), "/var/tmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        int fd = places[i] ? nameless_file(places[i]) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

struct mapping {
    void *data;
    gsize size;
};

static void unmap(gpointer data)
{
    struct mapping *mapping = data;
    munmap(mapping->data, mapping->size);
    g_free(mapping);
}

static bool map_file(int fd, gsize size, GBytes **bytes_r, GError **err)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return mda_fail_errno(err, errno, "map the spooled message");
    struct mapping *mapping = g_new(struct mapping, 1);
    *mapping = (struct mapping){data, size};
    *bytes_r = g_bytes_new_with_free_func(data, size, unmap, mapping);
    return true;
}

struct spool {
    char *directory;  // for the file, or NULL
    GByteArray *held; // not yet in the file
    int file;         // -1: all of it is held
    gsize filed;      // bytes in the file
};

struct spool *spool_new(const char *directory)
{
    struct spool *spool = g_new0(struct spool, 1);
    spool->directory = g_strdup(directory);
    spool->held = g_byte_array_new();
    spool->file = -1;
    return spool;
}

void spool_free(struct spool *spool)
{
    mda_close_fd(&spool->file);
    g_free(spool->directory);
    g_byte_array_unref(spool->held);
    g_free(spool);
}

static bool spool_write_out(struct spool *spool, GError **err)
{
    if (spool->file < 0)
        spool->file = open_overflow(spool->directory);
    if (spool->file < 0)
        return mda_fail_errno(err, errno, "no place for a spool file");
    struct file_segment segment = {(const char *)spool->held->data, spool->held->len};
    if (!files_write(spool->file, &segment, 1, err)) {
        g_prefix_error(err, "spool file: ");
        return false;
    }
    spool->filed += spool->held->len;
    g_byte_array_set_size(spool->held, 0);
    return true;
}

bool spool_append(struct spool *spool, const guint8 *bytes, gsize size, GError **err)
{
    g_assert(size <= SPOOL_MEMORY_BYTES);
    g_byte_array_append(spool->held, bytes, size_narrow(size));
    gsize keep = spool->file < 0 ? SPOOL_MEMORY_BYTES : SPOOL_READ_BYTES;
    return spool->held->len < keep || spool_write_out(spool, err);
}

bool spool_finish(struct spool *spool, GBytes **bytes_r, GError **err)
{
    if (spool->file < 0) {
        *bytes_r = g_byte_array_free_to_bytes(g_steal_pointer(&spool->held));
        spool->held = g_byte_array_new();
        return true;
    }
    return spool_write_out(spool, err) && map_file(spool->file, spool->filed, bytes_r, err);
}

// The rest of a large message, behind what was read of it to START.
static bool spool_rest(int fd, const char *directory, const GByteArray *start, GBytes **bytes_r,
                       GError **err)
{
    g_autoptr(Spool) spool = spool_new(directory);
    g_autofree char *buffer = g_malloc(SPOOL_READ_BYTES);
    g_byte_array_append(spool->held, start->data, start->len);
    for (;;) {
        if (!spool_write_out(spool, err))
            return false;
        ssize_t got = read_some(fd, buffer, SPOOL_READ_BYTES);
        if (got < 0)
            return mda_fail_errno(err, errno, "read the message");
        if (got == 0)
            return map_file(spool->file, spool->filed, bytes_r, err);
        g_byte_array_append(spool->held, (const guint8 *)buffer, size_narrow((gsize)got));
    }
}

// How much to read at a time: a little more than a file holds, so that one read gets it and no
// memory is taken in vain; the usual amount for a pipe.
static guint read_size(int fd)
{
    struct stat status;
    bool small = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
                 status.st_size < SPOOL_READ_BYTES;
    return small ? MAX(size_narrow((gsize)status.st_size) + 1, 512) : SPOOL_READ_BYTES;
}

bool spool_read(int fd, const char *directory, GBytes **bytes_r, GError **err)
{
    const guint step = read_size(fd);
    g_autoptr(GByteArray) start = g_byte_array_sized_new(step);
    guint length = 0;
    for (;;) {
        if (length >= SPOOL_MEMORY_BYTES) {
            g_byte_array_set_size(start, length);
            return spool_rest(fd, directory, start, bytes_r, err);
        }
        if (length == start->len) // full; else what is left is enough to see the end
            g_byte_array_set_size(start, length + step);
        ssize_t got = read_some(fd, (char *)start->data + length, start->len - length);
        if (got < 0)
            return mda_fail_errno(err, errno, "read the message");
        if (got == 0)
            break;
        length += (guint)got;
    }
    g_byte_array_set_size(start, length);
    *bytes_r = g_byte_array_free_to_bytes(g_steal_pointer(&start));
    return true;
}
