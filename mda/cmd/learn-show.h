// SPDX-License-Identifier: MIT
// What was learnt of the user's own mail, in words.
#pragma once

#include "conf/conf.h"

#include <stdio.h>

// Prints it to OUT, each line behind INDENT. False with *err when the state cannot be read.
bool learn_show(const struct conf *conf, FILE *out, const char *indent,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;
