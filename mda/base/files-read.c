// SPDX-License-Identifier: MIT
// Files are read here that somebody else may have put there: regular ones, up to a limit, without
// waiting. A path says nothing of what is opened; the descriptor does.
#include "base/files.h"

#include "base/auto.h"
#include "base/error.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#define READ_AHEAD 4096

static enum mda_error kind_of(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return MDA_ERROR_GONE;
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
    case ENODEV:
    case EISDIR:
        return MDA_ERROR_CONFIG;
    default:
        return MDA_ERROR_TEMP;
    }
}

static int open_again(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// -1, with what ERRNO says of PATH. The usual one is put into words here: strerror would load the
// tables of character sets, in each delivery that looks for a file that most people do not have.
static int fail(const char *path, int code, GError **err)
{
    mda_fail(err, kind_of(code), "%s: %s", path,
             code == ENOENT ? "there is no such file" : g_strerror(code));
    return -1;
}

static const char *kind_name(mode_t mode)
{
    return S_ISDIR(mode)                    ? "a directory"
           : S_ISFIFO(mode)                 ? "a named pipe"
           : S_ISSOCK(mode)                 ? "a socket"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                            : "something else";
}

// Everybody's empty file: `-c /dev/null`, `procmail -m /dev/null`, a link to it in place of rules.
static bool is_dev_null(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

int files_open_regular(const char *path, enum files_how how, struct stat *status_r, GError **err)
{
    struct stat status;
    mda_autofd fd = open_again(path, O_NONBLOCK | (how == FILES_NO_LINK ? O_NOFOLLOW : 0));
    if (fd < 0 && how == FILES_NO_LINK && errno == ELOOP) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: may not be a symbolic link", path);
        return -1;
    }
    if (fd < 0 || fstat(fd, &status) != 0)
        return fail(path, errno, err);
    if (!S_ISREG(status.st_mode) && !is_dev_null(&status)) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: is %s, not a regular file", path,
                 kind_name(status.st_mode));
        return -1;
    }
    if (status_r)
        *status_r = status;
    return mda_steal_fd(&fd);
}

int files_open_argument(const char *path, GError **err)
{
    struct stat status;
    mda_autofd fd = open_again(path, 0);
    if (fd < 0 || fstat(fd, &status) != 0)
        return fail(path, errno, err);
    if (S_ISDIR(status.st_mode))
        return fail(path, EISDIR, err);
    return mda_steal_fd(&fd);
}

// Reads FD to its end, which must come before more than MAX bytes; EXPECTED is a good guess of how
// many there are.
static bool read_whole(int fd, const char *path, gsize expected, gsize max, char **text_r,
                       gsize *size_r, GError **err)
{
    gsize size = 0, room = MIN(expected, max) + READ_AHEAD;
    g_autofree char *text = g_malloc(room + 1);
    for (;;) {
        ssize_t got = read(fd, text + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mda_fail(err, MDA_ERROR_TEMP, "read %s: %s", path, g_strerror(errno));
        if (got == 0)
            break;
        size += (gsize)got;
        if (size > max)
            return mda_fail(err, MDA_ERROR_CONFIG, "%s: is larger than %zu bytes", path, max);
        if (size == room)
            text = g_realloc(text, (room *= 2) + 1);
    }
    text[size] = '\0';
    *text_r = g_steal_pointer(&text);
    *size_r = size;
    return true;
}

// Hands TEXT over; who does not ask for its size takes it for a string.
static bool hand_over(const char *path, char **text, gsize size, char **text_r, gsize *size_r,
                      GError **err)
{
    if (!size_r && memchr(*text, '\0', size))
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: holds a NUL, so it is no text", path);
    if (size_r)
        *size_r = size;
    *text_r = g_steal_pointer(text);
    return true;
}

bool files_read_as(const char *path, enum files_how how, gsize max, char **text_r, gsize *size_r,
                   struct stat *status_r, GError **err)
{
    struct stat status;
    gsize size = 0;
    g_autofree char *text = NULL;
    mda_autofd fd = files_open_regular(path, how, &status, err);
    if (fd < 0)
        return false;
    if ((guint64)status.st_size > max)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: is larger than %zu bytes", path, max);
    if (!read_whole(fd, path, (gsize)status.st_size, max, &text, &size, err))
        return false;
    // Somebody is writing it: half a file must not be taken for the whole.
    if (size < (gsize)status.st_size)
        return mda_fail(err, MDA_ERROR_TEMP, "read %s: it became shorter", path);
    if (status_r)
        *status_r = status;
    return hand_over(path, &text, size, text_r, size_r, err);
}

bool files_read(const char *path, gsize max, char **text_r, gsize *size_r, GError **err)
{
    return files_read_as(path, FILES_ANY_LINK, max, text_r, size_r, NULL, err);
}

bool files_read_argument(const char *path, gsize max, char **text_r, gsize *size_r, GError **err)
{
    const bool input = strcmp(path, "-") == 0;
    mda_autofd opened = input ? -1 : files_open_argument(path, err);
    g_autofree char *text = NULL;
    gsize size = 0;
    if (!input && opened < 0)
        return false;
    return read_whole(input ? STDIN_FILENO : opened, input ? "standard input" : path, 0, max, &text,
                      &size, err) &&
           hand_over(path, &text, size, text_r, size_r, err);
}
