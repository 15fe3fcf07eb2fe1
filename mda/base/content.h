// SPDX-License-Identifier: MIT
// Bytes that are to be written, as a list of pieces that belong to somebody else: the way a message
// travels to a store without being copied.
#pragma once

#include "base/files.h"

struct content {
    GArray *segments;   // struct file_segment
    gsize size;         // the sum of their sizes
    gsize virtual_size; // with every bare LF counted as CRLF (the W= of a maildir name)
    gsize added;        // how many bytes at the front are lines that we put there
    bool varying;       // those lines may differ when the same delivery is tried again
    char *owned;        // memory that goes with it, or NULL
};

struct content *content_new(void);
void content_free(struct content *content);

// Appends SIZE bytes at DATA, which must outlive CONTENT; nothing is appended when SIZE is 0.
void content_append(struct content *content, const char *data, gsize size);

// All of it in one piece; a NUL follows, and there is room for some more lines. Sizes stay gsize: a
// GByteArray counts in 32 bits and would cut what is larger without a word. Owned by the caller.
GString *content_text(const struct content *content);

typedef struct content Content;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Content, content_free)
