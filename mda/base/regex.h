// SPDX-License-Identifier: MIT
// Regular expressions: the door to PCRE2. Every match has a step, depth and heap limit, so that no
// message can make a pattern run away; reaching it is REGEX_LIMIT, which callers treat as "no
// match" and mention in their reasons.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct regex;

enum regex_flags {
    REGEX_CASELESS = 1 << 0,
    REGEX_MULTILINE = 1 << 1, // ^ and $ at every line; a line ends at LF, CR or CRLF
    REGEX_DOTALL = 1 << 2,
    REGEX_UTF = 1 << 3, // pattern and subject are UTF-8; invalid bytes in the subject never match
    REGEX_ANCHORED = 1 << 4, // at the start of the subject
    REGEX_EXTENDED = 1 << 5, // white space and # comments in the pattern are ignored
    REGEX_LONGEST = 1 << 6,  // for regex_search_longest
};

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

// One captured group: byte offsets into the subject; start is -1 for a group that took no part.
struct regex_span {
    gssize start, end;
};

// Compiles PATTERN (LENGTH bytes, -1: to the NUL). On failure *err (MDA_ERROR_SYNTAX) says what is
// wrong at which offset. Free with regex_free.
bool regex_compile(const char *pattern, gssize length, unsigned flags, struct regex **regex_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Searches SUBJECT (LENGTH bytes, may hold NULs) from byte offset FROM. The first SPANS groups are
// written to SPANS_R (group 0 is the whole match; may be NULL when SPANS is 0) on REGEX_YES alone.
enum regex_result regex_search(const struct regex *regex, const char *subject, gsize length,
                               gsize from, struct regex_span *spans_r, guint spans);

// The match that POSIX wants: the leftmost, of these the longest, and its groups from left to right
// each as long as it can be. REGEX was compiled with REGEX_LONGEST. Where finding it would cost too
// much, it is the match of regex_search.
enum regex_result regex_search_longest(const struct regex *regex, const char *subject, gsize length,
                                       struct regex_span *spans_r, guint spans);

// How many groups the pattern captures, group 0 not counted.
guint regex_groups(const struct regex *regex);

// The number of the group called NAME, or -1.
int regex_group_number(const struct regex *regex, const char *name);

void regex_free(struct regex *regex);
typedef struct regex Regex;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Regex, regex_free)
