// SPDX-License-Identifier: MIT
// What a kind of ledger provides. ledger.c hashes, checks and logs; a backend stores hashes.
#pragma once

#include "base/module.h"
#include "ledger/ledger.h"

// How long a record whose recipients were guessed from its header weakens what absence means: no
// mail waits longer in a queue.
#define LEDGER_GUESS_SECONDS (14 * 24 * 3600)

struct ledger_hash {
    guint8 bytes[LEDGER_HASH_BYTES];
};

struct ledger_entry {
    bool has_id;
    struct ledger_hash id;
    gint64 time;  // 0: not known
    gint64 since; // from when on the ledger may be called complete, by this record; 0: not known
    gint64 now;
    bool has_sender;
    struct ledger_hash sender;
    const struct ledger_hash *recipients; // of this message
    guint recipient_count;
    const struct ledger_hash *correspondents; // the same addresses and their domains
    guint correspondent_count;
    bool guessed;
    const struct ledger_hash *fingerprints; // whom when, and Date with Subject
    guint fingerprint_count;
};

struct ledger_backend {
    // Opens LOCATION (what stands in ledger.url). *STATE_R is handed to the others.
    bool (*open)(const char *location, const struct conf *conf, enum ledger_mode mode,
                 struct deadline deadline, gpointer *state_r, GError **err);
    void (*free)(gpointer state);

    // The key for hashing when the ledger keeps it itself, or NULL: a key file is used.
    bool (*key)(gpointer state, enum ledger_mode mode, GBytes **key_r, GError **err);

    bool (*record)(gpointer state, const struct ledger_entry *entry, GError **err);
    bool (*begin)(gpointer state, GError **err);
    bool (*commit)(gpointer state, GError **err);
    bool (*prune)(gpointer state, gint64 now, gint64 keep_seconds, GError **err);
    bool (*find)(gpointer state, const struct ledger_hash *id, const struct ledger_hash *sender,
                 bool *found_r, struct sent_record *record_r, GError **err);
    bool (*sent_to)(gpointer state, const struct ledger_hash *id, const struct ledger_hash *address,
                    bool *yes_r, GError **err);
    bool (*wrote_to)(gpointer state, const struct ledger_hash *address, bool *yes_r, gint64 *time_r,
                     GError **err);
    bool (*has_fingerprint)(gpointer state, const struct ledger_hash *fingerprint, bool *yes_r,
                            GError **err);
    bool (*count_since)(gpointer state, gint64 since, gint64 *count_r, GError **err);
    bool (*extent)(gpointer state, struct ledger_extent *extent_r, GError **err);
};

extern const struct ledger_backend ledger_sqlite;

// What a backend in a module of its own exports.
struct ledger_module {
    struct module_head head;
    const struct ledger_backend *backend;
};
