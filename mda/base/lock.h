// SPDX-License-Identifier: MIT
// Locks of the mail world: fcntl record locks and dot locks, both with a deadline.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// Takes an exclusive fcntl lock on the whole of FD. False with *err when the deadline passes.
bool lock_fcntl(int fd, const char *path, struct deadline deadline,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

struct dotlock {
    char *path;
    int token;   // in the registry of temporaries
    bool broken; // one was there whose owner had died or forgotten it
};

// Makes PATH (the mailbox's name with ".lock") as the lock. One older than STALE seconds, by the
// clock of its own file system, or one whose owner on this host has died, is taken over. False with
// *err when the deadline passes or the directory is not writable; *LOCK_R is then untouched.
bool dotlock_acquire(const char *path, gint64 stale, struct deadline deadline,
                     struct dotlock *lock_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Removes it; harmless on a zeroed one.
void dotlock_release(struct dotlock *lock);

// Takes the lock file PATH away that was looked at as INODE. It is moved to ASIDE first: between
// the look and the removal another program may have done the same and made its own, which is then
// put back. False: nothing of that lock was taken away.
bool lock_move_away(const char *path, const char *aside, ino_t inode);
