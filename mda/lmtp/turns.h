// SPDX-License-Identifier: MIT
// Turns: how many deliveries for one user may run at a time, over all connections. One user's rules
// may hang; what he holds meanwhile is a bounded part of the server.
//
// A turn is a lock on one byte of a file in memory that all processes share: the user's name gives
// the place. The kernel gives it back when the process that holds it ends, however that ends.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct turns {
    int file;    // -1: there is one process, and no limit
    guint most;  // of one user
    guint queue; // how many more may wait
};

#define TURNS_NONE                                                                                 \
    {                                                                                              \
        .file = -1                                                                                 \
    }

// A table without turns: the caller sets the limits. False with *err (MDA_ERROR_TEMP).
bool turns_open(struct turns *turns, GError **err) G_GNUC_WARN_UNUSED_RESULT;
void turns_close(struct turns *turns);

// Takes a turn for USER, and waits for one up to MILLISECONDS unless too many do. A process has one
// turn at a time. Returns what turns_give takes, or -1: there is none now.
gint64 turns_take(const struct turns *turns, const char *user, gint64 milliseconds);
void turns_give(const struct turns *turns, gint64 turn);
