// SPDX-License-Identifier: MIT
#pragma once

#include "cmd/command.h"

// backstop sieve filter, ARGV from the word "filter" on. Returns the command's status.
int sieve_filter_command(struct command_context *context, int argc, char **argv);
