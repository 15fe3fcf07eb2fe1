// SPDX-License-Identifier: MIT
// Secrets in a file, one a line: "NAME SECRET". The last one signs, all verify: a new key is a new
// line. Shared by batv and stamp.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct secret {
    char *name; // a line without a blank has the name "0"
    char *text; // used as its bytes
};

// Reads the file at PATH. Empty lines and lines that begin with # are skipped. struct secret *,
// owned by the array; at least one.
bool keys_read(const char *path, GPtrArray **keys_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// What is wrong with the file at PATH as a place for secrets: it cannot be read, others may read
// it, it may be guessed. NULL: nothing is. Owned by the caller.
char *keys_fault(const char *path);

// The key called NAME, or NULL.
const struct secret *keys_find(const GPtrArray *keys, const char *name);

// The one that signs.
const struct secret *keys_signing(const GPtrArray *keys);

// Are the texts A and B equal? The time that it takes says nothing of where they differ.
bool keys_equal(const char *a, const char *b);
