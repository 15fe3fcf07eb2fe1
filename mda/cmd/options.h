// SPDX-License-Identifier: MIT
// Options that every command has: -c/--config FILE and --set section.key=value; and the reading of
// the configuration files that goes with them.
#pragma once

#include "cmd/command.h"

#include <glib.h>

// What main has collected in front of the command, and what commands add behind it.
struct config_request {
    char *file;           // --config: read this one and no other
    GPtrArray *overrides; // char *: --set
};

struct config_request *config_request(void); // the one of this process

// Parses a command's ENTRIES and the common options; what is left stands in ARGV behind argv[0],
// and *ARGC is its number. SYNOPSIS is what --help shows behind the command's name, DESCRIPTION its
// text. On a wrong option prints the error and returns false: the status is STATUS_USAGE.
bool options_parse(struct command_context *context, const GOptionEntry *entries,
                   const char *synopsis, const char *description, int *argc, char ***argv);

// Brings the configuration into force in CONTEXT: system file, the file in HOME (NULL: the caller's
// own), --set options; configures the log. Call it once it is known for which user we work, as that
// user. False with *err when a file exists and cannot be read, or --set is wrong.
bool options_configure(struct command_context *context, const char *home,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Logs from now on where the settings of CONTEXT say; options_configure does so too.
void options_configure_log(const struct command_context *context);

// The path of the user's configuration file below HOME. Owned by the caller.
char *options_user_file(const char *home);
