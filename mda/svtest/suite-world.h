// SPDX-License-Identifier: MIT
// What one .svtest file simulates.
#pragma once

#include "hosts/sieve-execute.h"
#include "sieve/lang/engine.h"
#include "sieve/suite.h"

struct suite_mail { // one record of the outbox
    char *from, *to;
    GBytes *bytes;
};

struct suite_stored {
    GBytes *bytes;
    GPtrArray *flags; // char *
};

struct suite_mailbox {
    char *name;
    GPtrArray *messages; // struct suite_stored *
};

struct suite_counter { // over all files
    guint number, failed;
};

struct suite_world {
    struct sieve_source source; // first: it is the host's data
    struct sieve_host host;
    struct suite_counter *counter;
    const char *file;
    char *directory;
    struct message *message;
    GPtrArray *flags; // char *: of the current message
    GPtrArray *outbox, *mailboxes;
    GHashTable *metadata;
    struct sieve_diagnostics *log;
    GPtrArray *programs; // struct sieve_program *: all that were compiled
    struct sieve_program *script;
    GHashTable *binaries; // name -> struct sieve_program *
    char *test;           // name of the block that runs, or NULL
    char *failure;        // why it failed, or NULL
    guint inner;          // depth of scripts run by test_script_run
    bool inner_failed;
    guint performed; // so many actions of the result were carried out
    bool keep_performed;
    bool unsent;         // a redirect was not sent: the message stays
    bool outside_failed; // test_fail stood outside of any block
    bool lenient;
};

void suite_world_init(struct suite_world *world, const char *file, struct suite_counter *counter);
void suite_world_release(struct suite_world *world);

// The message becomes BYTES; the envelope follows from its header.
void suite_world_set_message(struct suite_world *world, GBytes *bytes);
void suite_world_set_default(struct suite_world *world);
struct suite_mailbox *suite_world_mailbox(struct suite_world *world, const char *name, bool create);

// Carries out what PLAN has from action FIRST on; the implicit keep too, when KEEP. False: errors
// are in the log.
bool suite_world_perform(struct suite_world *world, const struct plan *plan, guint first,
                         bool keep);
// Files MESSAGE (NULL: the current one) in the inbox.
void suite_world_keep(struct suite_world *world, GBytes *message, const GPtrArray *flags);
