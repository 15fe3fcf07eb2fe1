// SPDX-License-Identifier: MIT
// The one way to start, feed, hear and reap a child, each with a deadline: copies of this process
// (judge, deliveries of a server) and what execs a program (process.h, an rc file's, sendmail).
#pragma once

#include "base/clock.h"
#include "base/files.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum child_pipes {
    CHILD_APART = 0,
    CHILD_FED = 1 << 0,   // we write what it reads
    CHILD_HEARD = 1 << 1, // it writes what we read
};

// The pipes have two ends until child_fork, where each side keeps its own: we fed[1] and heard[0],
// the child fed[0] and heard[1]. All are closed on exec; -1: there is none.
struct child {
    pid_t pid; // 0: we are the child
    int fed[2], heard[2];
};

// Makes the pipes. Ours do not block. False with errno.
bool child_open(struct child *child_r, enum child_pipes pipes);

// Copies this process. False with errno, and the pipes are closed.
bool child_fork(struct child *child);

// Both.
bool child_start(struct child *child_r, enum child_pipes pipes);

// Closes what is left of the pipes.
void child_close(struct child *child);

// What is said to a child and heard from it at the same time.
struct child_talk {
    const struct file_segment *segments; // what is to be written, by child_feed, in this order
    guint count;
    guint at;     // segments written
    gsize offset; // and bytes of the next one
    GString *said;
    gsize limit;        // more than this is read no further
    bool ends_at_limit; // then the talk is over; else the rest is fed
    bool ends_at_nul;
    const volatile sig_atomic_t *stop; // the talk ends when that is set; NULL: nobody asks
};

enum child_said {
    CHILD_DONE = 0, // all is written that it wants to read, and it closed its end
    CHILD_LATE,     // the time is over, or STOP was set
    CHILD_VERBOSE,  // it said more than the limit
    CHILD_UNHEARD,  // errno says why
};

// Writes and reads until both ends are closed. A child may leave before it has read all.
enum child_said child_talk(struct child *child, struct child_talk *talk,
                           const struct deadline *deadline);

// Writes what goes into the pipe without waiting; closes it after the last byte.
void child_feed(struct child *child, struct child_talk *talk);

// Was everything written?
bool child_is_fed(const struct child_talk *talk);

// Waits for the end of PID until DEADLINE, or until STOP is set (NULL: nobody asks). False: it goes
// on. *STATUS_R is as of waitpid, or CHILD_NOT_OURS (any more): nobody knows how it ended.
#define CHILD_NOT_OURS (-1)
bool child_reap(pid_t pid, const struct deadline *deadline, const volatile sig_atomic_t *stop,
                int *status_r);

// Kills PID and waits for its end; GROUP: with all of the process group that it leads. False: it
// hangs in the kernel and is left to it. *STATUS_R as of child_reap.
bool child_kill(pid_t pid, bool group, int *status_r);

// The next child that has ended, for servers that have many; 0: none has.
pid_t child_reap_any(int *status_r);

// The exit status in STATUS of waitpid; 128 and the signal's number when one ended it, as shells
// have it; EX_OSERR where nobody knows.
int child_exit_status(int status);
