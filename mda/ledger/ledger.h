// SPDX-License-Identifier: MIT
// What we sent: Message-IDs, and to whom. Names and addresses are kept as keyed hashes, so that the
// file tells nobody's correspondents; the key lies beside it, readable by the owner alone.
//
// One ledger is either an SQLite file or a Redis (Valkey) server.
#pragma once

#include "base/clock.h"
#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

#define LEDGER_HASH_BYTES 16
// When something was sent to someone is kept to so many seconds.
#define LEDGER_NEAR_SECONDS 60
// More recipients of one message than this are not kept.
#define LEDGER_RECIPIENTS_MAX 1000

enum ledger_mode {
    LEDGER_READ,  // a missing one is MDA_ERROR_GONE
    LEDGER_WRITE, // a missing one is made
};

// One message that was sent.
struct sent_message {
    const char *message_id;        // with or without <>; may be NULL: only the recipients are kept
    gint64 time;                   // when, Unix seconds; 0: not known
    const char *sender;            // envelope sender or NULL
    const char *const *recipients; // NULL-terminated, or NULL
    bool live;    // recorded as it was sent, so that TIME says little of how far back records go
    bool guessed; // the recipients were read from the header: those of Bcc may be missing
    gint64 date;  // its Date, Unix seconds; 0: not known
    const char *subject; // decoded, or NULL
};

// What is known of a Message-ID.
struct sent_record {
    gint64 time;      // 0: not known
    bool has_sender;  // an envelope sender was recorded …
    bool sender_fits; // … and it is the one that was asked about
    guint recipients; // how many were recorded
};

// How much of the past it holds.
struct ledger_extent {
    gint64 messages; // an estimate when there are many
    gint64 began;    // the earliest time recorded; 0: some records had none, so there is no limit
    gint64 forgot_until; // what was sent up to this time may have been forgotten; 0: nothing was
    bool has_recipients; // any was ever recorded
    bool guessed_recipients; // lately some may have been missed, see struct sent_message
};

struct ledger;

// Where the ledger of [ledger] url is: the path of a file, or a redis:// URL. Owned by the caller.
char *ledger_location(const struct conf *conf);

// Opens the ledger that the settings name.
bool ledger_open(const struct conf *conf, enum ledger_mode mode, struct deadline deadline,
                 struct ledger **ledger_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Opens an SQLite ledger at PATH with its own key; for the index of the Sent folder.
bool ledger_open_file(const char *path, gint64 keep_seconds, enum ledger_mode mode,
                      struct deadline deadline, struct ledger **ledger_r,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;
void ledger_free(struct ledger *ledger);

// "the ledger /var/lib/backstop/ledger.sqlite". Borrowed.
const char *ledger_name(const struct ledger *ledger);

// Records MESSAGE; recorded again it is the same record, with the recipients of both.
bool ledger_record(struct ledger *ledger, const struct sent_message *message,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Between these many records become one step; a ledger that is freed in between keeps nothing of
// them. Other writers wait meanwhile, so commit every few thousand.
bool ledger_begin(struct ledger *ledger, GError **err) G_GNUC_WARN_UNUSED_RESULT;
bool ledger_commit(struct ledger *ledger, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Forgets a bounded slice of what is older than [ledger] keep.
bool ledger_prune(struct ledger *ledger, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Looks MESSAGE_ID up. *FOUND_R tells; *RECORD_R is written when it is there. SENDER may be NULL.
bool ledger_find(struct ledger *ledger, const char *message_id, const char *sender, bool *found_r,
                 struct sent_record *record_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Was the message sent to ADDRESS?
bool ledger_sent_to(struct ledger *ledger, const char *message_id, const char *address, bool *yes_r,
                    GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Was ADDRESS ("@example.org": someone in that domain) ever written to? *TIME_R is when last.
bool ledger_wrote_to(struct ledger *ledger, const char *address, bool *yes_r, gint64 *time_r,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Was anything sent to ADDRESS from FROM to UNTIL (Unix seconds, as LEDGER_NEAR_SECONDS allows)?
// And was a mail sent that bears this very DATE and SUBJECT (decoded)? Both know a mail whose
// Message-ID was replaced on its way. False in *YES_R also when the ledger was made before it kept
// this.
bool ledger_sent_near(struct ledger *ledger, const char *address, gint64 from, gint64 until,
                      bool *yes_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
bool ledger_sent_alike(struct ledger *ledger, gint64 date, const char *subject, bool *yes_r,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// How many messages were recorded since the time SINCE; counts no further than a few thousand.
bool ledger_count_since(struct ledger *ledger, gint64 since, gint64 *count_r,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

bool ledger_extent(struct ledger *ledger, struct ledger_extent *extent_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

typedef struct ledger Ledger;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)
