// SPDX-License-Identifier: MIT
// The command line of procmail.
#pragma once

#include "hosts/procmail-rules.h"

// Reads ARGV (argv[0] is skipped), whose strings stay the caller's. As in procmail, what is wrong
// is said on standard error and passed over. The caller clears *OPTIONS.
void procmail_options_take(struct procmail_options *options, char **argv);
void procmail_options_clear(struct procmail_options *options);

// Writes what -h shows to standard error.
void procmail_options_help(void);
