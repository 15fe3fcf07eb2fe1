// SPDX-License-Identifier: MIT
// What a command is: a function in a file of its own that reads its options, calls the rooms and
// prints. command-list.h names them all.
#pragma once

#include "base/error.h"
#include "cmd/command-list.h"
#include "conf/conf.h"
#include "delivery/result.h"

struct command_context {
    struct conf *conf;   // built-in, system and --set settings are in force; the user's file too
    const char *program; // the name that we were called by, without its directory
    struct delivery_result result; // with STATUS_RESULT
};

// Exit statuses of commands that deliver nothing. A delivery returns STATUS_RESULT; main.c alone
// turns its result into an exit status.
enum {
    STATUS_OK = 0,
    STATUS_NO = 1,
    STATUS_USAGE = 64,
    STATUS_TEMPFAIL = 75,
    STATUS_RESULT = 256 // context->result says it
};

// What a command returns that cannot begin its delivery: the MTA keeps the mail until what is wrong
// is mended.
static inline int command_defer(struct command_context *context)
{
    context->result = (struct delivery_result){.end = DELIVERY_DEFERRED};
    return STATUS_RESULT;
}

struct command {
    const char *name;
    const char *summary;
    // argv[0] is the command's name. Returns the exit status.
    int (*run)(struct command_context *context, int argc, char **argv);
};

#define X(suffix, ...) int cmd_##suffix(struct command_context *context, int argc, char **argv);
COMMAND_LIST(X)
PERSONALITY_LIST(X)
#undef X
