// SPDX-License-Identifier: MIT
#include "store/draft.h"

#include "base/auto.h"
#include "base/ending.h"
#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>

#define COPY_BYTES (64 * 1024)

static int open_repeatedly(int dirfd, const char *name, int flags, mode_t mode)
{
    int fd;
    do {
        fd = openat(dirfd, name, flags | O_RDWR | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int open_named(struct draft *draft, mode_t mode)
{
    g_autofree char *name = g_strdup_printf("%s%" G_GINT64_FORMAT ".P%d.%08x", draft->prefix,
                                            g_get_real_time(), (int)getpid(), g_random_int());
    g_autofree char *path = g_build_filename(draft->path, name, NULL);
    int token = files_register_temporary(path);
    int fd = open_repeatedly(draft->dirfd, name, O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (fd < 0) {
        int code = errno;
        files_forget_temporary(token);
        errno = code;
        return -1;
    }
    draft->temporary = g_steal_pointer(&name);
    draft->token = token;
    return fd;
}

bool draft_open(struct draft *draft, int dirfd, const char *path, const char *prefix, mode_t mode,
                GError **err)
{
    *draft = (struct draft){.dirfd = dirfd, .path = path, .prefix = prefix};
    draft->fd = open_repeatedly(dirfd, ".", O_TMPFILE, mode);
    // EOPNOTSUPP from file systems without nameless files, EISDIR or ENOENT from old kernels; and
    // what is wrong in earnest fails again.
    if (draft->fd < 0)
        draft->fd = open_named(draft, mode);
    return draft->fd >= 0 || mda_fail_errno(err, errno, "make a file in %s", path);
}

bool draft_write(struct draft *draft, const struct file_segment *segments, guint count, bool sync,
                 GError **err)
{
    if (files_write(draft->fd, segments, count, err) &&
        (!sync || files_sync(draft->fd, "the message", err)))
        return true;
    g_prefix_error(err, "%s: ", draft->path);
    return false;
}

static bool copy(int from, int to)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    for (off_t at = 0;;) {
        ssize_t got = pread(from, buffer, COPY_BYTES, at);
        if (got < 0 && errno == EINTR)
            continue;
        struct file_segment piece = {buffer, (gsize)MAX(got, 0)};
        if (got <= 0 || !files_write(to, &piece, 1, NULL))
            return got == 0;
        at += got;
    }
}

// Without /proc, say in a chroot, a nameless file can be written but never named: it is written
// once more. False: that failed.
static bool take_name(struct draft *draft)
{
    struct stat status;
    mda_autofd nameless = mda_steal_fd(&draft->fd);
    if (fstat(nameless, &status) != 0 || (draft->fd = open_named(draft, 0600)) < 0)
        return false;
    return fchmod(draft->fd, status.st_mode & 07777) == 0 &&
           (!ending_is_marked(nameless) || ending_mark(draft->fd)) && ending_claim(draft->fd) &&
           copy(nameless, draft->fd) && fsync(draft->fd) == 0;
}

int draft_link(struct draft *draft, int to, const char *name)
{
    if (!draft->temporary) {
        g_autofree char *nameless = g_strdup_printf("/proc/self/fd/%d", draft->fd);
        if (linkat(AT_FDCWD, nameless, to, name, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        int code = errno;
        if (code == EEXIST || !take_name(draft))
            return code;
    }
    return linkat(draft->dirfd, draft->temporary, to, name, 0) == 0 ? 0 : errno;
}

void draft_drop(struct draft *draft)
{
    mda_close_fd(&draft->fd);
    if (!draft->temporary)
        return;
    unlinkat(draft->dirfd, draft->temporary, 0);
    files_forget_temporary(draft->token);
    g_clear_pointer(&draft->temporary, g_free);
}
