// SPDX-License-Identifier: MIT
// Small pure functions on text that comes from outside.
#pragma once

#include <glib.h>
#include <stdbool.h>

// A copy of TEXT (LENGTH bytes, -1: to the NUL) that is safe on one log line: invalid UTF-8 and
// control characters become '?', white space a single blank, and after MAX bytes it ends in "...".
// NULL gives "". Owned by the caller.
char *text_printable(const char *text, gssize length, gsize max);

// Has TEXT (LENGTH bytes, may hold NULs) no byte above 127?
bool text_is_ascii(const char *text, gsize length);

// Does TEXT match the glob PATTERN ('*' and '?'), ASCII case ignored? Linear in the length of TEXT
// for each '*'.
bool text_glob(const char *pattern, const char *text);

// The part behind the last '@' without a trailing dot or '>', or NULL. Borrowed from ADDRESS.
const char *text_domain_of(const char *address);

// TEXT with every CR LF made a LF. Owned by the caller.
GBytes *text_with_lf(GBytes *text);

// TEXT, valid UTF-8, for a header field: what is not ASCII in it as encoded words (RFC 2047), from
// the first such word of the text to the last, with a fold between them. Owned by the caller.
char *text_encode_header(const char *text);
