// SPDX-License-Identifier: MIT
// backstop deliver: our own name and options for a delivery.
#include "cmd/options.h"
#include "cmd/output.h"
#include "delivery/delivery.h"

#include <stdio.h>

static struct delivery_options given;

static const GOptionEntry entries[] = {
    {"user", 'd', 0, G_OPTION_ARG_FILENAME, &given.user, "Deliver for this user", "USER"},
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &given.sender,
     "Envelope sender; <> is the null sender", "ADDRESS"},
    {"recipient", 'r', 0, G_OPTION_ARG_FILENAME, &given.recipient, "Final recipient", "ADDRESS"},
    {"original-recipient", 'a', 0, G_OPTION_ARG_FILENAME, &given.original_recipient,
     "Recipient before aliases and forwards", "ADDRESS"},
    {"mailbox", 'm', 0, G_OPTION_ARG_FILENAME, &given.folder, "Folder instead of the inbox",
     "FOLDER"},
    {"path", 'p', 0, G_OPTION_ARG_FILENAME, &given.path,
     "Read the message from this file instead of standard input", "FILE"},
    {"refuse", 'e', 0, G_OPTION_ARG_NONE, &given.caller_refuses,
     "Let the caller refuse what a rule rejects: exit status 77, no message", NULL},
    G_OPTION_ENTRY_NULL};

int cmd_deliver(struct command_context *context, int argc, char **argv)
{
    options_split(entries, true, &argc, &argv);
    // A wrong option bounces nothing: the MTA keeps the mail until the configuration is mended.
    if (!options_parse(context, entries, "[OPTION...] < MESSAGE",
                       "Judges the message and files it by the user's rules.", &argc, &argv))
        return command_defer(context);
    if (argc > 1) {
        fprintf(stderr, "backstop: unexpected argument \"%s\"\n", argv[1]);
        return command_defer(context);
    }
    if (!given.path)
        output_await("the message");
    delivery_run(context->conf, &given, &context->result);
    return STATUS_RESULT;
}
