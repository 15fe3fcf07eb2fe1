// SPDX-License-Identifier: MIT
// One delivery, whichever name and options it was asked for with: a message on standard input is
// judged, goes through the user's rules and into a store.
#pragma once

#include "cmd/command.h"

// What the options say; NULL or false where they say nothing.
struct delivery_options {
    char *user;               // deliver for this user
    char *home;               // with this home directory
    char *sender;             // envelope sender
    char *recipient;          // final recipient
    char *original_recipient; // recipient before aliases and forwards
    char *folder;             // folder instead of the inbox
    char *path;               // read the message from this file instead of standard input
    char *header;             // header lines to put in front, with their line ends
    bool caller_refuses;      // a rejection is said by exit status, not sent as a message
};

// Returns the command's status: command_outcome(), or 67 when the user database says for sure that
// there is no such user.
int delivery_run(struct command_context *context, const struct delivery_options *given);
