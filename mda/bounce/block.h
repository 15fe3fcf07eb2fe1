// SPDX-License-Identifier: MIT
// Finds a header block in running text: the returned original of the formats that know no MIME.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct header_block {
    gsize start, end; // byte offsets of its first line and behind its last one
    char *prefix;     // what every line begins with ("> "), "" for none; owned
    guint strength;   // how sure it is; 0: none
};

// The best header block of TEXT at or behind FROM. Lines end in LF. False when there is none.
bool header_block_find(const char *text, gsize length, gsize from, struct header_block *block_r);

// The first block behind FROM that has at least one header line: for places where the format says
// that the original begins.
bool header_block_at(const char *text, gsize length, gsize from, struct header_block *block_r);

// The block, and with WHOLE what follows it, without the prefixes. Owned by the caller.
GBytes *header_block_take(const char *text, gsize length, const struct header_block *block,
                          bool whole);
