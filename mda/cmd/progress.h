// SPDX-License-Identifier: MIT
// A bar on standard error, where someone watches, for what takes longer than a moment.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct progress {
    guint64 done, total;       // total 0: not known
    bool show;                 // someone watches
    gint64 shown_at, began_at; // monotonic microseconds
};

// WANTED: unless standard error is no terminal.
struct progress progress_begin(bool wanted);
void progress_step(struct progress *progress); // one more is done
void progress_end(struct progress *progress);  // the last state, and a line end
