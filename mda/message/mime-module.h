// SPDX-License-Identifier: MIT
// The table that backstop-mime.so exports, and how parts are made. For the files of mime.h alone.
#pragma once

#include "base/module.h"
#include "message/mime.h"

struct mime_module {
    struct module_head head;
    // Takes BYTES (lines in LF or CRLF) apart into TREE, whose lists are there and empty.
    void (*parse)(GBytes *bytes, const struct mime_limits *limits, struct mime_tree *tree);
    // RAW with ENCODING undone. Owned by the caller.
    GBytes *(*decode)(GBytes *raw, enum mime_encoding encoding);
    void (*addresses)(const char *value, GPtrArray *addresses);
};

struct mime_tree *mime_tree_new(void); // empty; free with mime_tree_free

// A new leaf at the end of TREE's list, without a type. Borrowed.
struct mime_part *mime_part_add(struct mime_tree *tree, guint depth, gint parent);

// A parameter of its Content-Type; both are copied, NAME in lower case.
void mime_part_add_parameter(struct mime_part *part, const char *name, const char *value);
