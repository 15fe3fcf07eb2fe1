// SPDX-License-Identifier: MIT
// Part of mime.h, for mime.c alone.
#pragma once

#include "message/mime.h"

// Lists the parts of MESSAGE in TREE, whose lists are empty, without their header fields and
// without what stands inside of messages (mime_limits.bare). False where the MIME is not written to
// the letter or comes near a limit: TREE is as before then, and GMime has to be asked.
bool mime_read_strict(const struct message *message, const struct mime_limits *limits,
                      struct mime_tree *tree);
