// SPDX-License-Identifier: MIT
#include "lmtp/turns.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// Places for one user in the file: those of turns, and those of who waits.
#define PLACE_BYTES 4096
#define MOST_MAX (PLACE_BYTES / 2)
#define PAUSE_FIRST_US 500
#define PAUSE_MAX_US (10 * 1000)
// Without a limit nothing is locked.
#define UNLIMITED 0

bool turns_open(struct turns *turns, GError **err)
{
    *turns = (struct turns){.file = -1};
    turns->file = memfd_create("backstop-turns", MFD_CLOEXEC);
    return turns->file >= 0 || mda_fail_errno(err, errno, "a table of deliveries");
}

void turns_close(struct turns *turns)
{
    if (turns->file >= 0)
        close(turns->file);
    turns->file = -1;
}

static bool set_lock(const struct turns *turns, gint64 place, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
    int done;
    while ((done = fcntl(turns->file, F_SETLK, &lock)) != 0 && errno == EINTR)
        continue;
    return done == 0;
}

// One of COUNT places from FIRST on, or -1.
static gint64 take_one(const struct turns *turns, gint64 first, guint count)
{
    for (guint i = 0; i < MIN(count, MOST_MAX - 1); i++) {
        if (set_lock(turns, first + i, F_WRLCK))
            return first + i;
    }
    return -1;
}

// FNV-1a, of which 44 bits stay: that two users share a place is unlikely, and harmless.
static gint64 place_of(const char *user)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);
    for (; *user; user++)
        hash = (hash ^ (guchar)*user) * G_GUINT64_CONSTANT(0x100000001b3);
    return (gint64)(((hash ^ hash >> 44) & ((G_GUINT64_CONSTANT(1) << 44) - 1)) * PLACE_BYTES);
}

gint64 turns_take(const struct turns *turns, const char *user, gint64 milliseconds)
{
    if (turns->file < 0 || turns->most == 0)
        return UNLIMITED;
    gint64 first = place_of(user) + 1;
    gint64 turn = take_one(turns, first, turns->most);
    if (turn >= 0)
        return turn;
    gint64 waiting = take_one(turns, first + MOST_MAX - 1, turns->queue);
    if (waiting < 0)
        return -1;
    struct deadline deadline = deadline_in(milliseconds);
    for (gulong pause = PAUSE_FIRST_US; turn < 0 && !deadline_passed(&deadline);
         pause = MIN(pause * 2, PAUSE_MAX_US)) {
        g_usleep(pause);
        turn = take_one(turns, first, turns->most);
    }
    turns_give(turns, waiting);
    return turn;
}

void turns_give(const struct turns *turns, gint64 turn)
{
    if (turns->file >= 0 && turn > UNLIMITED)
        (void)set_lock(turns, turn, F_UNLCK);
}
