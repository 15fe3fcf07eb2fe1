// SPDX-License-Identifier: MIT
// Finds which of many phrases occur in a text, in one pass over the text. Each phrase is entered in
// a table under four of its bytes, chosen so that few phrases share an entry.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define PHRASE_MIN_BYTES 4

struct phrases;

struct phrases *phrases_new(void);
void phrases_free(struct phrases *phrases);

// Enters TEXT of LENGTH bytes (at least PHRASE_MIN_BYTES), folded, and returns its number; the same
// text gets the same number. TEXT is borrowed and has to outlive PHRASES.
guint phrases_add(struct phrases *phrases, const char *text, gsize length);

guint phrases_count(const struct phrases *phrases);

// An array of phrases_count() bytes: 1 where that phrase occurs in TEXT. Owned by the caller.
guint8 *phrases_scan(const struct phrases *phrases, const char *text, gsize length);

// TEXT in lower case with every run of white space as one blank: the form that phrases have. Owned
// by the caller.
char *phrase_fold(const char *text, gssize length, gsize *length_r);

// The same for UTF-8 in its own place: the byte behind its LENGTH may become the NUL at its end.
// False, and TEXT as it was, when it has capital letters beyond ASCII, which may need more room.
bool phrase_fold_in_place(char *text, gsize length, gsize *length_r) G_GNUC_WARN_UNUSED_RESULT;
