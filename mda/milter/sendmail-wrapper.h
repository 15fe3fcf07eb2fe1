// SPDX-License-Identifier: MIT
// The sendmail command with a recorder in front of it.
#pragma once

#include "conf/conf.h"

// Runs PROGRAM with ARGUMENTS (NULL-terminated, without its name), records the message that it is
// given, and returns its exit status. What cannot be recorded is logged and stops nothing.
int sendmail_run(const struct conf *conf, const char *program, char **arguments);
