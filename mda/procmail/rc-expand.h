// SPDX-License-Identifier: MIT
// The words of an rc file: quotes, comments, continued lines, $-expansion and backquotes, read from
// a text in one pass. The same scanner finds where a word ends when a file is parsed (without a
// scope: nothing is evaluated) and gives its value when the statement runs.
#pragma once

#include <glib.h>
#include <stdbool.h>

// A text that is being read.
struct rc_source {
    const char *text;
    gsize length, at;
};

enum rc_reading {
    RC_WORDS, // words split at blanks, up to the end of the line: actions, the recipe line
    RC_VALUE, // one value, up to the first blank: assignments
    RC_TEXT,  // the whole text; blanks outside quotes are squeezed to one: conditions
};

// Where $-expansions and backquotes get their values from.
struct rc_scope {
    void *context;
    // The value of variable NAME (also "0".."9", "#", "$", "?", "=", "_", "-"), NULL when unset.
    // Borrowed until the next call.
    const char *(*value)(void *context, const char *name);
    // What the program between backquotes prints, without trailing newlines; owned by the caller.
    // LIMIT is what fits.
    char *(*output)(void *context, const char *command, gsize limit);
    void (*complain)(void *context, const char *what, const char *quoted);
};

struct rc_words {
    GString *buffer;  // the words, each followed by a NUL
    gssize arguments; // offset of a "$@" in the buffer, or -1
    bool overflow;    // longer than the limit; the rest was read but not kept
    bool unexpected_end;
};

void rc_words_clear(struct rc_words *words);

// Reads words from SOURCE and moves it behind them. SCOPE may be NULL: then nothing is evaluated.
// HEAD is kept in front of the first word: it was read already. LIMIT is how many bytes the buffer
// may hold.
void rc_expand(struct rc_source *source, enum rc_reading reading, const struct rc_scope *scope,
               const char *head, gsize limit, struct rc_words *words_r);

// The words as an argument vector with ARGUMENTS put for a word that is "$@"; owned by the caller.
char **rc_words_vector(const struct rc_words *words, char *const *arguments);

bool rc_is_name_start(int byte);
bool rc_is_name(int byte);
