// SPDX-License-Identifier: MIT
// Where a MIME part stands in the bytes of its message.
#pragma once

#include "message/mime.h"

// The place of part N of TREE, which was read from MESSAGE: its header and body, without the line
// end that belongs to the boundary behind it (RFC 2046 §5.1.1). Offsets into message->data. False
// when it cannot be told.
bool mime_part_place(const struct message *message, const struct mime_tree *tree, guint n,
                     gsize *start_r, gsize *length_r);

// What stands in front of the parts of the multipart N (may be empty) and behind them (NULL: no
// text). Without a delimiter all that it has stands in front. Owned by the caller. False when it
// cannot be told.
bool mime_part_around(const struct message *message, const struct mime_tree *tree, guint n,
                      GBytes **prologue_r, GBytes **epilogue_r);
