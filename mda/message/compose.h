// SPDX-License-Identifier: MIT
// What is written to a store: the message's own bytes, with header lines put in front and nothing
// else touched. No copy is made: the result is a list of segments.
#pragma once

#include "base/files.h"
#include "message/message.h"

struct composed {
    GArray *segments;   // struct file_segment; they point into `added` and the message
    gsize size;         // the sum of their sizes
    gsize virtual_size; // with every bare LF counted as CRLF (the W= of a maildir name)
    char *added;        // the lines put in front, with the line ends of the message
};

// MESSAGE without its From_ line and without X-Backstop* fields (a sender must not be able to fake
// a verdict), behind the header lines ADDED ("Name: value\n", LF, may be ""). A message that is not
// empty and has no header gets none: a line in front of it would make a header of its text. Borrows
// from MESSAGE. Owned by the caller.
struct composed *compose(const struct message *message, const char *added);
void composed_free(struct composed *composed);

typedef struct composed Composed;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Composed, composed_free)
