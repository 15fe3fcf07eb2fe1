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

struct simulation {
    struct sieve_source source; // first: it is the host's data
    struct sieve_host host;     // what the engine sees
    struct sieve_host site;     // what it would see without a simulation
    struct suite_counter *counter;
    const char *file;
    char *directory;
    struct message *message;
    GPtrArray *flags; // char *: of the current message
    GPtrArray *outbox, *mailboxes;
    GHashTable *metadata;
    GHashTable *lists;  // name -> set of members
    GHashTable *seen;   // ids that duplicate has seen
    char *spam, *virus; // verdicts, or NULL
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

void simulation_init(struct simulation *sim, const char *file, struct suite_counter *counter);
void simulation_release(struct simulation *sim);

// The message becomes BYTES; the envelope follows from its header.
void simulation_set_message(struct simulation *sim, GBytes *bytes);
void simulation_set_default(struct simulation *sim);
struct suite_mailbox *simulation_mailbox(struct simulation *sim, const char *name, bool create);

// LIST is there, and has MEMBER (NULL: no more of it).
void simulation_list_add(struct simulation *sim, const char *list, const char *member);
// A setting that simulates something instead of telling the engine how it is; VALUE NULL: no more.
// False: it is none such.
bool simulation_config(struct simulation *sim, const char *name, const char *value);

// Carries out what PLAN has from action FIRST on; the implicit keep too, when KEEP. False: errors
// are in the log.
bool simulation_perform(struct simulation *sim, const struct plan *plan, guint first, bool keep);
// Files MESSAGE (NULL: the current one) in the inbox.
void simulation_keep(struct simulation *sim, GBytes *message, const GPtrArray *flags);
