// SPDX-License-Identifier: MIT
#include "base/lock.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_POLL_MIN_US 2000
#define LOCK_POLL_MAX_US 200000

// Sleeps a little longer each time; false when the deadline has passed.
static bool wait_for_turn(guint *turn, const struct deadline *deadline)
{
    if (deadline_passed(deadline))
        return false;
    gulong pause = LOCK_POLL_MIN_US << MIN(*turn, 7);
    g_usleep(MIN(MIN(pause, LOCK_POLL_MAX_US), (gulong)deadline_left(deadline) * 1000));
    (*turn)++;
    return true;
}

bool lock_fcntl(int fd, const char *path, struct deadline deadline, GError **err)
{
    struct flock request = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (guint turn = 0;;) {
        if (fcntl(fd, F_SETLK, &request) == 0)
            return true;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return mda_fail_errno(err, errno, "lock %s", path);
        if (!wait_for_turn(&turn, &deadline))
            return mda_fail(err, MDA_ERROR_TEMP, "%s is locked by another program", path);
    }
}

// link() of a private file is the one test-and-set that works over NFS too; its result is read off
// the link count, because an NFS reply can get lost (open(2), NOTES).
static int try_dotlock(const char *private_name, const char *path)
{
    struct stat status;
    int failed = link(private_name, path) == 0 ? 0 : errno;
    if (stat(private_name, &status) == 0 && status.st_nlink == 2)
        return 0;
    return failed ? failed : EIO;
}

static void break_stale(const char *private_name, const char *path, gint64 stale)
{
    struct stat ours, theirs;
    if (stat(private_name, &ours) != 0 || lstat(path, &theirs) != 0)
        return;
    if (ours.st_mtime - theirs.st_mtime > stale)
        unlink(path);
}

bool dotlock_acquire(const char *path, gint64 stale, struct deadline deadline,
                     struct dotlock *lock_r, GError **err)
{
    g_autofree char *private_name = g_strdup_printf("%s.XXXXXX", path);
    mda_autofd fd = mkostemp(private_name, O_CLOEXEC);
    if (fd < 0)
        return mda_fail_errno(err, errno, "make lock %s", path);
    int private_token = files_register_temporary(private_name);
    int failed;
    for (guint turn = 0; (failed = try_dotlock(private_name, path)) == EEXIST;) {
        if (futimens(fd, NULL) == 0)
            break_stale(private_name, path, stale);
        if (!wait_for_turn(&turn, &deadline))
            break;
    }
    if (failed == 0)
        *lock_r = (struct dotlock){g_strdup(path), files_register_temporary(path)};
    unlink(private_name);
    files_forget_temporary(private_token);
    if (failed == EEXIST)
        return mda_fail(err, MDA_ERROR_TEMP, "%s: the lock is held by another program", path);
    return failed == 0 || mda_fail_errno(err, failed, "make lock %s", path);
}

void dotlock_release(struct dotlock *lock)
{
    if (!lock->path)
        return;
    unlink(lock->path);
    files_forget_temporary(lock->token);
    g_clear_pointer(&lock->path, g_free);
}
