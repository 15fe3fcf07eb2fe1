// SPDX-License-Identifier: MIT
// Where a MIME part stands in the bytes of its message.
#pragma once

#include "message/mime.h"

// The place of part N of TREE, which was read from MESSAGE: its header and body, without the line
// end that belongs to the boundary behind it (RFC 2046 §5.1.1). Offsets into message->data. False
// when it cannot be told.
bool mime_part_place(const struct message *message, const struct mime_tree *tree, guint n,
                     gsize *start_r, gsize *length_r);
