// SPDX-License-Identifier: MIT
#include "base/lock.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOCK_POLL_MIN_US 2000
#define LOCK_POLL_MAX_US 200000
#define LOCK_TEXT_MAX 300

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

// link() of a private file is the one test-and-set that works over NFS too. A failure is checked
// against the link count, because an NFS reply can get lost (open(2), NOTES).
static int try_dotlock(const char *private_name, const char *path)
{
    struct stat status;
    if (link(private_name, path) == 0)
        return 0;
    int failed = errno;
    return stat(private_name, &status) == 0 && status.st_nlink == 2 ? 0 : failed;
}

// Is the lock open as FD one of a process on this host that is no more? Locks say "pid:host", as
// Dovecot's do.
static bool owner_is_dead(int fd)
{
    char text[LOCK_TEXT_MAX + 1];
    ssize_t got = read(fd, text, LOCK_TEXT_MAX);
    text[MAX(got, 0)] = '\0';
    char *host = NULL;
    gint64 pid = g_ascii_strtoll(text, &host, 10);
    if (pid <= 0 || pid > G_MAXINT || *host != ':' ||
        strcmp(g_strchomp(host + 1), g_get_host_name()) != 0)
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

bool lock_move_away(const char *path, const char *aside, ino_t inode)
{
    struct stat moved;
    if (rename(path, aside) != 0)
        return false;
    bool right = lstat(aside, &moved) == 0 && moved.st_ino == inode;
    if (!right && link(aside, path) != 0)
        errno = 0; // taken once more: the owner's fcntl lock still stands
    unlink(aside);
    return right;
}

// Takes a lock away whose owner forgot it.
static bool break_stale(const char *private_name, const char *path, gint64 stale)
{
    struct stat ours, theirs;
    mda_autofd fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &theirs) != 0 || stat(private_name, &ours) != 0)
        return false;
    if (ours.st_mtime - theirs.st_mtime <= stale && !owner_is_dead(fd))
        return false;
    g_autofree char *aside = g_strconcat(private_name, ".old", NULL);
    return lock_move_away(path, aside, theirs.st_ino);
}

static void sign(int fd)
{
    g_autofree char *text = g_strdup_printf("%d:%s\n", (int)getpid(), g_get_host_name());
    struct file_segment all = {text, strlen(text)};
    if (!files_write(fd, &all, 1, NULL) || fchmod(fd, 0444) != 0)
        errno = 0; // an unsigned lock is only slower to be found out
}

// A signal that ends us must not come between the making of a name and the note that it is ours.
static void hold_signals(sigset_t *before_r)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, before_r);
}

static void let_signals(const sigset_t *before)
{
    int saved = errno;
    sigprocmask(SIG_SETMASK, before, NULL);
    errno = saved;
}

// try_dotlock, with the token of the lock when it is ours.
static int take_dotlock(const char *private_name, const char *path, int *token_r)
{
    sigset_t before;
    hold_signals(&before);
    int failed = try_dotlock(private_name, path);
    if (failed == 0)
        *token_r = files_register_temporary(path);
    let_signals(&before);
    return failed;
}

bool dotlock_acquire(const char *path, gint64 stale, struct deadline deadline,
                     struct dotlock *lock_r, GError **err)
{
    g_autofree char *private_name = g_strdup_printf("%s.XXXXXX", path);
    sigset_t before;
    hold_signals(&before);
    mda_autofd fd = mkostemp(private_name, O_CLOEXEC);
    int private_token = fd >= 0 ? files_register_temporary(private_name) : -1;
    let_signals(&before);
    if (fd < 0)
        return mda_fail_errno(err, errno, "make lock %s", path);
    sign(fd);
    int failed, token = -1;
    bool broken = false;
    for (guint turn = 0; (failed = take_dotlock(private_name, path, &token)) == EEXIST;) {
        if (futimens(fd, NULL) == 0 && break_stale(private_name, path, stale))
            broken = true;
        else if (!wait_for_turn(&turn, &deadline))
            break;
    }
    if (failed == 0)
        *lock_r = (struct dotlock){.path = g_strdup(path), .token = token, .broken = broken};
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
