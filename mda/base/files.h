// SPDX-License-Identifier: MIT
// Files that must not be lost or left half written. Every function takes EINTR in its stride where
// the call may be repeated; fsync and close are never repeated after a failure, because the kernel
// may have dropped the dirty pages already: such a file counts as not written.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>
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

// Every file that a user or an admin wrote, or could have put there, is opened for reading by one
// of the functions below (tests/layers.sh sees to it), once we are who the file is for.

// What people write (settings, rules, scripts, rc files) is not larger; nor is a message that is
// named on a command line to be looked at.
#define FILES_TEXT_MAX (4 * 1024 * 1024)
#define FILES_MESSAGE_MAX (1024 * 1024 * 1024)

enum files_how {
    FILES_ANY_LINK, // PATH may be a symbolic link, as people's set-ups have it
    FILES_NO_LINK,  // it may not: whose file it is matters
};

// Opens the regular file PATH, or /dev/null, for reading without ever waiting for it (a FIFO, a
// device, a lease). *STATUS_R, which may be NULL, is what was opened: judge that, never the path.
// -1 with *err: MDA_ERROR_GONE when it is not there, MDA_ERROR_CONFIG when it is no regular file or
// may not be read, MDA_ERROR_TEMP for what another try may mend.
int files_open_regular(const char *path, enum files_how how, struct stat *status_r,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Opens what whoever runs the program named on the command line: also a pipe (bash's <(...)) or a
// terminal, which is waited for, but no directory. -1 with *err as above.
int files_open_argument(const char *path, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads the regular file PATH, of at most MAX bytes. False with *err as files_open_regular, and
// MDA_ERROR_CONFIG when it is larger. Owned by the caller; a NUL follows. SIZE_R may be NULL: then
// a file that holds a NUL is refused too.
bool files_read(const char *path, gsize max, char **text_r, gsize *size_r,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same, with HOW it is opened and, in *STATUS_R, what it was that was read.
bool files_read_as(const char *path, enum files_how how, gsize max, char **text_r, gsize *size_r,
                   struct stat *status_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same of what files_open_argument opens, or of standard input for "-".
bool files_read_argument(const char *path, gsize max, char **text_r, gsize *size_r,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Whose a file must be that is written to.
enum files_trust {
    FILES_OURS,         // the user's that we are: a mailbox
    FILES_OURS_OR_ROOTS // or root's: a log, a folder that an admin made
};

// Opens directory PATH component by component. What is a symbolic link on the way must be ours or
// root's; the last one must be none. -1 with errno (EPERM: another's link).
int files_open_directory_by_steps(const char *path);

// Could nobody else have put the file there whose state is STATUS, as it was opened? False with
// *err (MDA_ERROR_CONFIG) when its owner is another or it has a second hard link. PATH is for the
// text.
bool files_check_ours(const char *path, const struct stat *status, enum files_trust trust,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Opens PATH for appending, never waiting, and makes it with MODE (and the umask) if it is missing.
// Symbolic links count only with FILES_ANY_LINK and when they are themselves ours or, as TRUST
// says, root's; what is opened must pass files_check_ours, unless it is a character device. -1 with
// *err: MDA_ERROR_CONFIG when it was planted, MDA_ERROR_TEMP for everything else.
int files_open_to_append(const char *path, enum files_how how, mode_t mode, enum files_trust trust,
                         struct stat *status_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same for reading and writing, for a file that store/append.h is to grow.
int files_open_mailbox(const char *path, mode_t mode, enum files_trust trust, struct stat *status_r,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;
