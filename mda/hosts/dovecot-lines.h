// SPDX-License-Identifier: MIT
// The lines of what `doveconf -n` prints, each with the blocks that it stands in.
#pragma once

#include <glib.h>

struct dovecot_line {
    guint number;
    char **path; // the heads of the blocks around it, outermost first, quotes taken off; NULL at
                 // the end
    guint depth;
    char *key, *value;
    const GPtrArray *all; // the list that it is in
    guint block;          // lines of one block share it
};

// struct dovecot_line *, in order. Owned by the caller.
GPtrArray *dovecot_lines_read(const char *text);

// The value of KEY in the block that LINE stands in, or NULL. Borrowed.
const char *dovecot_sibling(const struct dovecot_line *line, const char *key);
