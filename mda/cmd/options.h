// SPDX-License-Identifier: MIT
// Options that every command has: -c/--config FILE and --set section.key=value.
#pragma once

#include "cmd/command.h"
#include "conf/load.h"

#include <glib.h>

// Parses a command's ENTRIES and the common options; what is left stands in ARGV behind argv[0],
// and *ARGC is its number. SYNOPSIS is what --help shows behind the command's name, DESCRIPTION its
// text. On a wrong option prints the error and returns false: the status is STATUS_USAGE.
bool options_parse(struct command_context *context, const GOptionEntry *entries,
                   const char *synopsis, const char *description, int *argc, char ***argv);

// From now on a command's options are told to VISIT instead of parsed, and the command ends as if
// they were wrong; NULL: no more.
// A command that parses by itself tells them by options_told, which returns whether somebody asked.
bool options_told(const GOptionEntry *entries, const char *synopsis);
void options_visit(void (*visit)(const GOptionEntry *entries, const char *synopsis));

// GOption wants a short option and its value in two words; other programs take "-duser" as well.
// Takes such words of ARGV apart, by what ENTRIES (and the common options, when COMMON) say takes a
// value. The new array and its words stay until the process ends.
void options_split(const GOptionEntry *entries, bool common_too, int *argc, char ***argv);
