// SPDX-License-Identifier: MIT
#include "base/ending.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int fd;
    mode_t mode;
} chmods[ENDING_MAX];
static char *unlinks[ENDING_MAX];
// Counted up when an entry is whole, so that a handler sees whole ones.
static volatile sig_atomic_t chmod_count, unlink_count;

bool ending_claim(int fd)
{
    // Where such locks are not to be had, nobody has one.
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool ending_chmod(int fd, mode_t mode)
{
    if (chmod_count == ENDING_MAX) {
        if (fchmod(fd, mode) != 0)
            errno = 0; // a mark that stays changes nothing for readers
        return false;
    }
    chmods[chmod_count].fd = fd;
    chmods[chmod_count].mode = mode;
    chmod_count = chmod_count + 1;
    return true;
}

bool ending_unlink(const char *path)
{
    if (unlink_count == ENDING_MAX) {
        unlink(path);
        return false;
    }
    unlinks[unlink_count] = g_strdup(path);
    unlink_count = unlink_count + 1;
    return true;
}

bool ending_finish(void)
{
    const bool any = chmod_count > 0 || unlink_count > 0;
    for (int i = 0; i < chmod_count; i++) {
        if (fchmod(chmods[i].fd, chmods[i].mode) != 0)
            errno = 0;
    }
    for (int i = 0; i < unlink_count; i++)
        unlink(unlinks[i]);
    // Last: a signal in between does it all once more.
    chmod_count = unlink_count = 0;
    return any;
}
