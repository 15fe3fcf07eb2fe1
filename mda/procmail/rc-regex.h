// SPDX-License-Identifier: MIT
// procmail's own egrep dialect. No library has its meaning: '^' and '$' stand for a newline
// wherever they are, "^^" for an end of the searched text, "\<" and "\>" for one character that is
// no part of a word, and "\/" divides what is left of it (matched shortest) from what becomes MATCH
// (matched longest). The search simulates the automaton, so its time is linear in the text for
// every pattern. Characters are bytes; ASCII case alone is folded.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Groups nested deeper than this make the pattern invalid.
#define RC_REGEX_MAX_DEPTH 200

struct rc_regex;

// Compiles PATTERN. Never NULL: as in procmail what is wrong is repaired (an open group ends with
// the pattern, a ')' too many ends it), and *invalid_r tells that this was needed.
struct rc_regex *rc_regex_new(const char *pattern, bool ignore_case, bool *invalid_r);
void rc_regex_free(struct rc_regex *regex);

struct rc_match {
    gssize end;     // one past the match; -1 when an empty expression matched in front of the text
    bool captured;  // the pattern has "\/" and the match went through it
    gsize from, to; // what "\/" cut out, when captured
};

// Searches TEXT (LENGTH bytes) from offset FROM; what lies before FROM counts for "^" only.
// *match_r is written when true is returned.
bool rc_regex_search(const struct rc_regex *regex, const char *text, gsize length, gsize from,
                     struct rc_match *match_r);

typedef struct rc_regex RcRegex;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RcRegex, rc_regex_free)
