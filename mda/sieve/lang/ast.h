// SPDX-License-Identifier: MIT
// A script as a tree: the generic grammar of RFC 5228 §8.2, and what the checker found out about
// each node. Immutable once checked, so that a program can be run for many messages.
#pragma once

#include "sieve/lang/diag.h"

enum sieve_arg_kind { ARG_NUMBER, ARG_STRING, ARG_LIST, ARG_TAG };

// One string. `parts` is NULL for a constant one; else it is a list of struct sieve_part_of_text
// that is put together when the script runs (RFC 5229).
struct sieve_text {
    struct sieve_position at;
    char *raw;
    GPtrArray *parts;
};

struct sieve_arg {
    enum sieve_arg_kind kind;
    struct sieve_position at;
    guint64 number;
    char *tag;        // TAG: its name without the colon, in lower case
    char *written;    // TAG: the same as the script has it
    GPtrArray *texts; // STRING (one) and LIST: struct sieve_text *
};

struct sieve_tag;
struct sieve_verb;

// A tag as it was used, with its parameter if it takes one. Borrowed from the node's arguments.
struct sieve_tag_use {
    const struct sieve_tag *tag;
    const struct sieve_arg *arg;
    const struct sieve_arg *value;
    const struct sieve_arg *key; // of a match type that brings its key (TAKES_MATCH_KEY)
};

// A command or a test.
struct sieve_node {
    char *name;
    struct sieve_position at;
    GPtrArray *args;  // struct sieve_arg *
    GPtrArray *tests; // struct sieve_node *
    bool test_list;   // they stood in parentheses
    GPtrArray *block; // struct sieve_node *, or NULL without { }
    // What the checker fills in:
    const struct sieve_verb *verb;
    GPtrArray *positional; // borrowed from args
    GArray *tags;          // struct sieve_tag_use
    struct sieve_match *match;
    bool unreachable; // it never runs, and its tests and block were not checked
    int constant;     // a test whose value is known: 0 or 1, else -1
    gpointer data;    // the verb's own
    GDestroyNotify data_free;
};

void sieve_text_free(gpointer text);
void sieve_arg_free(gpointer arg);
void sieve_node_free(gpointer node);

// The Nth string of ARG.
const struct sieve_text *sieve_arg_text(const struct sieve_arg *arg, guint n);

// Is every string of ARG constant? False for NULL.
bool sieve_arg_is_constant(const struct sieve_arg *arg);

// The use of the tag NAME at NODE, or NULL. Borrowed.
const struct sieve_tag_use *sieve_node_tag(const struct sieve_node *node, const char *name);
