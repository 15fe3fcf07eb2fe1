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

// The end of the line, and of the paragraph, that AT stands in: its line feed, or the beginning of the
// blank line behind it; END where there is none. Borrowed.
const char *text_line_end(const char *at, const char *end);
const char *text_paragraph_end(const char *at, const char *end);

// Is there nothing but white space from START to END?
bool text_is_blank(const char *start, const char *end);

// Is NAME a legal name of a header field (RFC 5322 §3.6.8)?
bool text_is_field_name(const char *name);

// The part behind the last '@' without a trailing dot or '>', or NULL. Borrowed from ADDRESS.
const char *text_domain_of(const char *address);

// TEXT with every CR LF made a LF. Owned by the caller.
GBytes *text_with_lf(GBytes *text);

// TEXT, valid UTF-8, for a header field: what is not ASCII in it as encoded words (RFC 2047), from
// the first such word of the text to the last, with blanks between them. Owned by the caller.
char *text_encode_header(const char *text);

// VALUE, encoded, as what stands behind "NAME:" in a header: the blank in front, and folds (CRLF)
// at blanks where a line would be too long. A line break in VALUE becomes a fold. Owned by the
// caller.
char *text_fold_header(const char *name, const char *value);

// TEXT for a terminal, on one line: control characters, bytes that are no UTF-8 and what turns the
// direction of writing as \\n, \\r, \\t, \\xNN; QUOTED: also quotes and backslashes, with a
// backslash. Owned by the caller.
char *text_escaped(const char *text, bool quoted);

// WORDS (char *) with SEPARATOR between them. Owned by the caller.
char *text_join(const GPtrArray *words, const char *separator);
