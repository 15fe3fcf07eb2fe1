// SPDX-License-Identifier: MIT
// Files that must not be lost or left half written. Every function takes EINTR in its stride where
// the call may be repeated; fsync and close are never repeated after a failure, because the kernel
// may have dropped the dirty pages already: such a file counts as not written.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// One piece of what is to be written.
struct file_segment {
    const char *data;
    gsize size;
};

// Writes all COUNT segments at the current offset. False with *err (MDA_ERROR_TEMP); the file then
// holds a part.
bool files_write(int fd, const struct file_segment *segments, guint count,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// fsync, with WHAT for the error message. A descriptor that cannot be synced (EINVAL on a pipe or a
// special file) counts as an error too.
bool files_sync(int fd, const char *what, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Closes *fd, sets it to -1; an error of close is an error of writing.
bool files_close(int *fd, const char *what, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Opens directory NAME below DIRFD (AT_FDCWD), or -1 with errno set. FOLLOW tells whether NAME
// itself may be a symbolic link.
int files_open_directory(int dirfd, const char *name, bool follow);

// Makes directory NAME below DIRFD with MODE, whatever the umask, unless it is there, and syncs
// DIRFD when SYNC. Already there is success.
bool files_make_directory(int dirfd, const char *name, mode_t mode, bool sync,
                          GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Makes PATH and what is missing above it, and syncs each parent when SYNC.
bool files_make_path(const char *path, mode_t mode, bool sync,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Replaces PATH by DATA as one step: temporary file beside it, fsync, rename, fsync of the
// directory.
bool files_replace(const char *path, const char *data, gsize size, mode_t mode,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The registry of temporary names: what is registered is unlinked by files_drop_temporaries, which
// a signal handler may call. At most FILES_TEMPORARIES at a time; more are an assertion failure.
#define FILES_TEMPORARIES 8
int files_register_temporary(const char *path); // a token
void files_forget_temporary(int token);         // the name is no longer ours to unlink

// While FD grows by what may have to be taken back: files_drop_temporaries cuts it to SIZE. One
// file at a time.
void files_register_growth(int fd, off_t size);
void files_forget_growth(void);

void files_drop_temporaries(void); // both of the above; async-signal-safe

// Reads the regular file PATH, of at most MAX bytes, without ever waiting for it (a FIFO, a
// device). False with *err: MDA_ERROR_GONE when it is not there, MDA_ERROR_CONFIG when it is no
// such file or may not be read, MDA_ERROR_TEMP for what another try may mend. Owned by the caller;
// a NUL follows.
bool files_read(const char *path, gsize max, char **text_r, gsize *size_r,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;
