// SPDX-License-Identifier: MIT
// What is wrong or risky in an rc file, found without running it.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct rc_finding {
    guint line;
    bool error; // procmail skips it or takes it for something else; otherwise a risk
    char *text;
};

// Looks through TEXT. The findings (struct rc_finding *) are in the order of lines; owned by the
// caller.
GPtrArray *rc_check(const char *name, const char *text, gsize length);
