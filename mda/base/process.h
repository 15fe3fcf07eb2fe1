// SPDX-License-Identifier: MIT
// Programs of others: started without a shell, fed, listened to, and ended in time.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct process {
    const char *path; // absolute
    char *const *argv;
    char *const *environment; // NULL: what passes of ours (surroundings.h)
    GBytes *input;            // NULL: nothing
    gsize output_limit;       // more output than this is read no further
    struct deadline deadline; // then the program and its process group are killed
};

// What is to be written where (pwrite) as soon as a program ends with status 0, also when we have
// been killed meanwhile: a child that outlives us waits for the program and writes it.
struct process_witness {
    int fd;
    off_t offset;
    const char *text;
    gsize size;
};

// From now on for each program; NULL: no more. Borrowed.
void process_set_witness(const struct process_witness *witness);

// Runs PROCESS to its end. *STATUS_R is its exit status, 128 and the signal's number when one ended
// it; *OUTPUT_R (may be NULL) what it wrote to standard output, owned by the caller. Its standard
// error goes nowhere, because an MTA would send it on to a sender who may be forged. A program may
// leave before it has read all its input. False with *err (MDA_ERROR_TEMP) when it could not be
// started or took too long.
bool process_run(const struct process *process, int *status_r, GBytes **output_r,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
