// SPDX-License-Identifier: MIT
// The automaton of an expression, which rc-regex-compile.c lays out and rc-regex-search.c walks.
#pragma once

#include "procmail/rc-regex.h"

enum op { OP_BYTE, OP_SET, OP_SPLIT, OP_JUMP, OP_CUT, OP_TEXT_START, OP_TEXT_END, OP_FINAL };

typedef guint8 byte_set[32];

struct node {
    enum op op;
    guint8 byte;
    guint set; // OP_SET: which
    guint next, other;
};

struct rc_regex {
    GArray *nodes; // struct node
    GArray *sets;  // byte_set
    guint start, final;
    bool ignore_case;
    bool can_skip;   // a match must begin with a byte of `first`
    bool first[256]; // not a byte_set: it is asked for nearly every byte of the text
    int only_first;  // the one byte in it, or -1
};

static inline bool set_has(const byte_set set, guint byte)
{
    return set[byte >> 3] & (1u << (byte & 7));
}
