// SPDX-License-Identifier: MIT
// What a kind of ledger provides. ledger.c hashes, checks and logs; a backend stores hashes.
#pragma once

#include "base/module.h"
#include "ledger/ledger.h"

// How long a record whose recipients were guessed from its header weakens what absence means: no
// mail waits longer in a queue.
#define LEDGER_GUESS_SECONDS (14 * 24 * 3600)

// A fact on the ledger as a whole, and what it becomes where one of that name is there.
struct ledger_note {
    const char *name;
    gint64 value;
    enum { NOTE_LEAST, NOTE_MOST, NOTE_SET } merge;
};

struct ledger_entry {
    bool has_id;
    struct ledger_hash id;
    gint64 time; // 0: not known
    gint64 now;
    bool has_sender;
    struct ledger_hash sender;            // bound to the id
    const struct ledger_hash *recipients; // of this message, bound to the id
    guint recipient_count;
    const struct ledger_hash *correspondents; // addresses and their domains, bound to a user
    guint correspondent_count;
    const struct ledger_hash *fingerprints; // whom when, and Date with Subject
    guint fingerprint_count;
    const struct ledger_note *notes;
    guint note_count;
};

struct ledger_backend {
    // Opens LOCATION (what stands in ledger.url). *STATE_R is handed to the others.
    bool (*open)(const char *location, const struct conf *conf, enum ledger_mode mode,
                 struct deadline deadline, gpointer *state_r, GError **err);
    void (*free)(gpointer state);

    // The key for hashing when the ledger keeps it itself, or NULL: a key file is used. *MADE_R: it
    // was not there before.
    bool (*key)(gpointer state, enum ledger_mode mode, GBytes **key_r, bool *made_r, GError **err);

    // Makes it ready: what an earlier version wrote is brought to the form of today, hashes with
    // HASHER. *FRESH_R: there was nothing in it.
    bool (*prepare)(gpointer state, enum ledger_mode mode, const struct ledger_hasher *hasher,
                    bool *fresh_r, GError **err);

    bool (*record)(gpointer state, const struct ledger_entry *entry, GError **err);
    bool (*begin)(gpointer state, GError **err);
    bool (*commit)(gpointer state, GError **err);
    bool (*prune)(gpointer state, gint64 now, gint64 keep_seconds, GError **err);

    // OLD_SENDER, OLD_ADDRESS: as earlier versions hashed them, not bound to the id.
    bool (*find)(gpointer state, const struct ledger_hash *id, const struct ledger_hash *sender,
                 const struct ledger_hash *old_sender, bool *found_r, struct sent_record *record_r,
                 GError **err);
    bool (*sent_to)(gpointer state, const struct ledger_hash *id, const struct ledger_hash *address,
                    const struct ledger_hash *old_address, bool *yes_r, GError **err);
    bool (*wrote_to)(gpointer state, const struct ledger_hash *address, bool *yes_r, gint64 *time_r,
                     GError **err);
    bool (*has_fingerprint)(gpointer state, const struct ledger_hash *fingerprint, bool *yes_r,
                            GError **err);
    bool (*count_since)(gpointer state, gint64 since, gint64 *count_r, GError **err);

    // Forgets one record, and counts in *COUNT_R whether it was there; and all that was recorded
    // since SINCE. FORGET_SINCE and EACH_DAY may be NULL: it cannot be told.
    bool (*forget)(gpointer state, const struct ledger_hash *hash, gint64 *count_r, GError **err);
    bool (*forget_since)(gpointer state, gint64 since, gint64 *count_r, GError **err);
    bool (*each_day)(gpointer state, ledger_day_visit visit, gpointer data, GError **err);

    // The notes called NAMES (NULL-terminated); 0 for one that is not there.
    bool (*read_notes)(gpointer state, const char *const *names, gint64 *values_r, GError **err);
    bool (*write_notes)(gpointer state, const struct ledger_note *notes, guint count, GError **err);

    // Appends struct ledger_gap to GAPS, oldest first; and struct ledger_recorder to RECORDERS.
    bool (*read_gaps)(gpointer state, GArray *gaps, GPtrArray *recorders, GError **err);
    bool (*add_gap)(gpointer state, const struct ledger_gap *gap, GError **err);
    // Notes that the recorder NAME was at work at TIME; 0: it never will be again.
    bool (*set_alive)(gpointer state, const char *name, gint64 time, GError **err);

    bool expires; // records go by themselves, after ledger.keep
};

extern const struct ledger_backend ledger_sqlite;

// What a backend in a module of its own exports.
struct ledger_module {
    struct module_head head;
    const struct ledger_backend *backend;
};
