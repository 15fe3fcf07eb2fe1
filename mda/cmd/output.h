// SPDX-License-Identifier: MIT
// How commands speak to whoever reads them: a person at a terminal, or a program.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

// Colour where a person looks: not in a pipe or file, not with NO_COLOR set, not on a dumb
// terminal.
bool output_has_colour(FILE *stream);
bool output_is_utf8(void);  // may other characters than ASCII be shown?
guint output_columns(void); // of the terminal; 80 where there is none

// The meaning of a colour; "" where STREAM gets none. Static.
enum output_colour { OUTPUT_PLAIN, OUTPUT_GOOD, OUTPUT_BAD, OUTPUT_DOUBT, OUTPUT_QUIET };
const char *output_colour(FILE *stream, enum output_colour colour);

// The colour of a verdict by its name.
enum output_colour output_verdict_colour(const char *verdict);

// Prints TEXT, by $BACKSTOP_PAGER or $PAGER (else less) where it does not fit on the terminal.
void output_long(const char *text);

// Tells whoever sits at the terminal that standard input is read: WHAT ("a message").
void output_await(const char *what);

// All that was printed is out. False when it is not: errno says why.
bool output_finish(void);
