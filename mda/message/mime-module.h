// SPDX-License-Identifier: MIT
// The table that backstop-mime.so exports. For mime.c and mime-gmime.c alone.
#pragma once

#include "base/module.h"
#include "message/mime.h"

struct mime_module {
    struct module_head head;
    // Takes BYTES (lines in LF or CRLF) apart into TREE, whose lists are there and empty.
    void (*parse)(GBytes *bytes, const struct mime_limits *limits, struct mime_tree *tree);
    void (*free_state)(gpointer state);
    GBytes *(*content)(const struct mime_tree *tree, const struct mime_part *part, gsize max);
    GBytes *(*raw)(const struct mime_tree *tree, const struct mime_part *part, gsize max);
    void (*addresses)(const char *value, GPtrArray *addresses);
};
