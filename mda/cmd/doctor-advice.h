// SPDX-License-Identifier: MIT
// What doctor has to say: one line for each thing that is known or could be done.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// From here on it is not that something could be better, but that it is broken.
#define WORTH_BROKEN 95

struct advice {
    bool ready;
    const char *source;
    char *state;  // owned
    char *remedy; // what would make it work, as lines to paste or a command; owned, or NULL
    int worth;    // how much that would help
};

// Of struct advice; owned by the caller.
GArray *advices_new(void);

// Takes REMEDY.
void advise(GArray *advices, bool ready, const char *source, char *remedy, int worth,
            const char *format, ...) G_GNUC_PRINTF(6, 7);

// What is told first ranks highest.
int advice_rank(const struct advice *advice);

// "[identity]\nrelays = VALUE". Owned by the caller.
char *advice_setting(enum setting setting, const char *value);
