// SPDX-License-Identifier: MIT
// A fence around this process, for one that reads hostile bytes and needs little. What holds
// depends on the kernel: a list of system calls (seccomp, base/fence-calls.c) and Landlock, of
// which each version (ABI) knows more. What is said here of files is Landlock's, but for what
// changes a file without opening it for writing; the rest is the list's, and from some version on
// also Landlock's.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct fence {
    const char *const *writable; // directories below which files may be made, written and removed
    const guint16 *ports;        // of TCP, to which it may connect; ends with 0; NULL: any
    bool unix_sockets;           // it may connect to those
};

// What holds afterwards.
enum fence_holds {
    FENCE_FILES = 1 << 0, // Landlock, ABI 1 (Linux 5.13): no other file is opened for writing, made
                          // or removed, no program started
    FENCE_TRUNCATE = 1 << 1, // ABI 3 (6.2): nor cut short
    FENCE_CONNECT = 1 << 2,  // ABI 4 (6.7): no TCP connection but to the ports
    FENCE_SIGNALS = 1 << 3,  // ABI 6 (6.12): no signal to others, also by the kernel's hand
    // seccomp: no process, no signal to others, no mode, owner, time or attribute of a file changed,
    // no file cut short by name, no socket that listens, no tracing, nothing of the administrator's
    FENCE_CALLS = 1 << 4,
};

// Puts the fence up for good, for this process and its children. Returns what holds, 0 where the
// kernel has nothing of it.
guint fence_in(const struct fence *fence);

// The half of the work that base/fence-calls.c does.
bool fence_calls(bool unix_sockets);
