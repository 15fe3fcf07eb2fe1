// SPDX-License-Identifier: MIT
// The Sieve engine's view of a real message: a struct sieve_host over message/. The command, the
// test runner and delivery share it; each adds what it knows of mailboxes, programs and memories.
#pragma once

#include "message/message.h"
#include "message/mime.h"
#include "sieve/host.h"

// What the functions work on; host->data points to it. A caller that needs more puts it first in a
// struct of its own.
struct sieve_source {
    struct message *message;  // borrowed or owned by the caller; see sieve_source_set_message
    struct message *replaced; // one that a script made; owned
    struct mime_tree *tree;   // NULL until the script asks for parts
    GPtrArray *parts;         // struct sieve_mime_part *, converted from the tree
    char *from, *to, *orig_to, *auth; // the envelope; NULL: not known. Owned
    char *addressed;                  // what the test "to" sees instead of `to`, or NULL. Owned
    GHashTable *envelope;             // further parts: name -> value, owned, or NULL
    GHashTable *environment;          // item -> value, owned; never NULL
    GHashTable *settings;             // name -> value, owned; never NULL
    // Is there such a folder? NULL: nobody knows.
    bool (*mailbox_exists)(void *source, const char *mailbox);
    char *maildir;           // where Maildir++ folders are, or NULL. Owned
    char *personal, *global; // directories of scripts to include, or NULL. Owned
    gint64 now;              // 0: the clock's
    char *hindrance; // why a file that scripts ask for could not be read just now, or NULL. Owned
    void (*tracer)(void *context, guint line, const char *text); // or NULL
    void *trace_context;
};

void sieve_source_init(struct sieve_source *source);
void sieve_source_release(struct sieve_source *source);

// What the settings say for ITEM of the environment test ("vnd.dovecot.config.NAME"), or NULL.
// Borrowed.
const char *sieve_source_config_item(const struct sieve_source *source, const char *item);

// The time is DATE, as in a header field, and stands still. False when that is no date.
bool sieve_source_set_date(struct sieve_source *source, const char *date);
// MESSAGE (borrowed) is the one to look at from now on.
void sieve_source_set_message(struct sieve_source *source, struct message *message);

// BYTES, a message that scripts made, takes its place until another is set; NULL takes that back.
void sieve_source_replace(struct sieve_source *source, GBytes *bytes);

// The message as it is now: the one that was set, or what a script made of it. Borrowed.
struct message *sieve_source_message(const struct sieve_source *source);

// Fills in HOST for SOURCE: message, envelope, environment, settings, clock, scripts to include.
// Of the mail store, what sieve-beside.h tells; memories and programs stay NULL.
void sieve_source_host(struct sieve_source *source, struct sieve_host *host);
