// SPDX-License-Identifier: MIT
// What the rules want done with a message: an ordered list of actions, nothing done yet. Rule
// engines write it, plan/run carries it out. Pure data: no I/O here.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Every kind of action, with its name in explanations.
#define PLAN_KIND_LIST(X)                                                                          \
    X(KEEP, "keep")         /* into the inbox (or the mailbox that the caller named) */            \
    X(FILEINTO, "fileinto") /* into folder */                                                      \
    X(DISCARD, "discard")   /* nowhere; cancels the implicit keep */                               \
    X(REDIRECT, "redirect") /* to address, through the submission agent */                         \
    X(REJECT, "reject")     /* refuse with text (RFC 5429) */                                      \
    X(EREJECT, "ereject")   /* the same, in the protocol where that is possible */                 \
    X(VACATION, "vacation") /* answer the sender (RFC 5230) */                                     \
    X(NOTIFY, "notify")     /* tell somebody else (RFC 5435) */                                    \
    X(PIPE, "pipe")         /* give the message to a program from the configured directory */      \
    X(REPORT, "report")     /* send an abuse report about it (RFC 5965) */                         \
    X(DUPLICATE, "duplicate_mark") /* remember handle as seen (RFC 7352) */

enum plan_kind {
#define X(kind, name) PLAN_##kind,
    PLAN_KIND_LIST(X)
#undef X
};

// One action. Members that its kind does not use are NULL or zero. All strings are UTF-8 and owned.
struct plan_action {
    enum plan_kind kind;
    char *folder;      // FILEINTO: name with the hierarchy as the script wrote it
    GPtrArray *flags;  // KEEP, FILEINTO: IMAP flags (char *), NULL when none are set
    bool create;       // FILEINTO: make the folder if it is missing (RFC 5490)
    char *special_use; // FILEINTO: take the folder with this attribute if there is one (RFC 8579)
    char *mailbox_id;  // FILEINTO: take the folder with this id if there is one (RFC 9042)
    char *address;     // REDIRECT, VACATION, REPORT: where to; NOTIFY: the URI; PIPE: the program
    char *from;        // VACATION, NOTIFY: header From, or NULL
    char *subject;     // VACATION, NOTIFY: header Subject, or NULL
    char *text;        // REJECT, VACATION, NOTIFY: the words
    bool mime;         // VACATION: text is a whole MIME entity
    char *handle;   // VACATION: what the memory of answered senders is keyed by; DUPLICATE: the key
    gint64 seconds; // VACATION: how long one sender is not answered again; DUPLICATE: how long it
                    // is remembered
    GPtrArray *addresses; // VACATION: further addresses of the user (char *), or NULL
    GPtrArray *arguments; // PIPE: the program's arguments; NOTIFY: its options
    char *fcc;   // VACATION, NOTIFY: folder for a copy (RFC 8580), or NULL; flags, create and
                 // special_use are the copy's then
    char *where; // the script and the line that asked for it, or NULL
    GHashTable *options; // what an extension adds: tag name -> value, or NULL
    GBytes *message;     // the message as changed by editheader and others, NULL: as it came
    bool settled;        // an earlier script of the row asked for it: later ones do not conflict
};

struct plan {
    GPtrArray *actions; // struct plan_action *, in the order in which they were asked for
    bool implicit_keep; // true unless an action cancelled it (RFC 5228 §2.10.2)
    GBytes *message;    // what the implicit keep keeps: the message as changed, NULL: as it came
    GPtrArray *flags;   // and its IMAP flags (char *), NULL when none are set
    char *error;        // why the rules ended early, or NULL; the actions above still count
};

struct plan *plan_new(void); // empty, with the implicit keep in force
void plan_free(struct plan *plan);

// Appends an action of KIND and returns it for the caller to fill in; the plan owns it.
struct plan_action *plan_add(struct plan *plan, enum plan_kind kind);

// Is the message kept, by an action or for want of one?
bool plan_keeps(const struct plan *plan);

// Takes the keeps out of PLAN; its implicit keep is left alone.
void plan_drop_keeps(struct plan *plan);

// Sets option NAME of ACTION; VALUE is taken over. The getter returns NULL when it is not set.
void plan_action_set(struct plan_action *action, const char *name, char *value);
const char *plan_action_get(const struct plan_action *action, const char *name);

// The word for KIND as Sieve spells it ("fileinto"). Static.
const char *plan_kind_name(enum plan_kind kind);

// One action for people and tests: `fileinto "Lists/x" flags \Seen`. Owned by the caller.
char *plan_action_describe(const struct plan_action *action);

typedef struct plan Plan;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
