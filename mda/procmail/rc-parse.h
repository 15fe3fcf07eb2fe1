// SPDX-License-Identifier: MIT
// An rc file as a list of statements. Nothing is evaluated and nothing fails: what procmail would
// skip with a word in its log is a statement of its own, so that a run, the checker and the
// translator see the same file.
#pragma once

#include "procmail/rc-expand.h"

#include <glib.h>
#include <stdbool.h>

// Blocks nested deeper than this are not entered.
#define RC_MAX_DEPTH 100

enum rc_statement_kind {
    RC_ASSIGNMENT,
    RC_REMOVAL,   // a name alone
    RC_JUNK,      // not understood: logged and skipped
    RC_STRAY_END, // a '}' that closes nothing
    RC_RECIPE,
};

enum rc_action_kind {
    RC_FOLDER,  // file, directory, maildir, MH
    RC_FORWARD, // ! address
    RC_PIPE,    // | program
    RC_BLOCK,   // { ... }
    RC_MISSING, // another recipe stands where the action was due
    RC_CUT_OFF, // the file ends there
};

struct rc_condition {
    char *text; // behind the '*'; continued lines are kept with their backslash and newline
    guint line;
};

struct rc_statement {
    enum rc_statement_kind kind;
    guint line;
    char *name; // ASSIGNMENT, REMOVAL
    char *text; // ASSIGNMENT: the value unexpanded; JUNK: the words

    // RECIPE
    char *head;            // what stands behind the ':', unexpanded
    GPtrArray *conditions; // struct rc_condition *
    enum rc_action_kind action;
    guint action_line;
    char *capture;     // "VAR=|": the name VAR, or NULL
    char *action_text; // FOLDER: with the name; FORWARD, PIPE: behind the sign
    GPtrArray *block;  // BLOCK: struct rc_statement *
    bool closed;       // BLOCK: its '}' is there
    gsize from, to;    // where it stands in the file
};

struct rc_file {
    char *name; // for messages; $_
    char *text;
    gsize length;
    GPtrArray *statements; // struct rc_statement *
};

// Takes apart TEXT (LENGTH bytes, copied; NULs are left out). NAME is copied.
struct rc_file *rc_file_new(const char *name, const char *text, gsize length);
void rc_file_free(struct rc_file *file);

// The flags that procmail knows, in the order of enum rc_flag.
#define RC_FLAGS "HBDAahbfcwWiEer"
enum rc_flag {
    RC_HEADER_SEARCH,
    RC_BODY_SEARCH,
    RC_DISTINGUISH,
    RC_ALSO,
    RC_ALSO_IF_DONE,
    RC_GIVE_HEADER,
    RC_GIVE_BODY,
    RC_FILTER,
    RC_COPY,
    RC_WAIT,
    RC_WAIT_QUIETLY,
    RC_IGNORE_ERRORS,
    RC_ELSE,
    RC_ON_ERROR,
    RC_RAW,
    RC_FLAG_COUNT
};

// A recipe line taken apart.
struct rc_head {
    int count; // conditions without '*'; -1: as many as the flags say
    bool flags[RC_FLAG_COUNT];
    bool lock;      // a local lockfile is wanted
    char *lockfile; // its name, or NULL: find one
    char *rest;     // what was not understood, or NULL
};

// Takes apart the words behind the ':' of a recipe.
void rc_head_read(const struct rc_words *words, struct rc_head *head_r);
void rc_head_clear(struct rc_head *head);

// How many unstarred conditions HEAD asks for.
int rc_head_conditions(const struct rc_head *head);

typedef struct rc_file RcFile;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RcFile, rc_file_free)
