// SPDX-License-Identifier: MIT
// What we sent: Message-IDs, and to whom. Names and addresses are kept as keyed hashes
// (ledger/hash.h), so that the file tells nobody's correspondents; the key lies beside it, readable
// by the owner alone.
//
// One ledger is either an SQLite file or a Redis (Valkey) server.
#pragma once

#include "base/clock.h"
#include "conf/conf.h"
#include "ledger/hash.h"

#include <glib.h>
#include <stdbool.h>

// When something was sent to someone is kept to so many seconds.
#define LEDGER_NEAR_SECONDS 300
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
    const char *author;            // the address in From, where answers may go, or NULL
    const char *const *recipients; // NULL-terminated, or NULL
    bool live;    // recorded as it was sent: the ledger reaches back to now, whatever TIME says
    bool guessed; // the recipients were read from the header: those of Bcc may be missing
    gint64 date;  // its Date, Unix seconds; 0: not known
    const char *subject; // decoded, or NULL
    bool foreign;        // one user says so: nothing follows of how far the ledger reaches
};

// What is known of a Message-ID.
struct sent_record {
    gint64 time;      // 0: not known
    bool has_sender;  // an envelope sender was recorded …
    bool sender_fits; // … and it is the one that was asked about
    guint recipients; // 0: none was recorded
};

// A time in which something may have left that was not recorded.
struct ledger_gap {
    gint64 from, until; // Unix seconds; G_MAXINT64: it lasts
};

// A program that records all the time, and says that it is there.
struct ledger_recorder {
    char *name;   // "milter mail.example.org"
    gint64 alive; // when it last said so
};

#define LEDGER_GAPS_MAX 64

// How much of the past it holds.
struct ledger_extent {
    gint64 messages; // an estimate when there are many
    gint64 since; // what was sent from then on was recorded; 0: no record had a time, there is no
                  // limit
    gint64 forgot_until; // what was sent up to this time may have been forgotten; 0: nothing was
    bool any_recipients; // recipients were recorded, of whomever
    bool has_recipients; // of those for whom we ask (ledger_ask_as), recipients were recorded
    bool guessed_recipients; // lately some may have been missed, see struct sent_message
    struct ledger_gap gaps[LEDGER_GAPS_MAX]; // oldest first
    guint gap_count;
    bool lost; // it began anew: its key is older than it, or another than before
};

// Is everything that was sent from FROM to UNTIL in the ledger, going by EXTENT?
bool ledger_extent_covers(const struct ledger_extent *extent, gint64 from, gint64 until);

// Is RECORDER, at NOW (Unix seconds), silent for so long that what leaves may not be recorded?
bool ledger_is_silent(const struct ledger_recorder *recorder, gint64 now);

struct ledger;

// Where the ledger of [ledger] url is: the path of a file, or a redis:// URL. Owned by the caller.
char *ledger_location(const struct conf *conf);

// Its file and its key, those that may be read or written by everyone. char *, owned by the array.
GPtrArray *ledger_open_to_others(const struct conf *conf);

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

// For whom the ledger is asked: the addresses (char *) whose mail is judged. Whom others wrote to
// is not told. Without any, only what was recorded with no sender is.
void ledger_ask_as(struct ledger *ledger, const GPtrArray *addresses);

// Between these many records become one step; a ledger that is freed in between keeps nothing of
// them. They are held in memory meanwhile (a hundred bytes and more each), and written sorted.
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

// Was ADDRESS ("@example.org": someone in that domain) ever written to by those for whom we ask?
// *TIME_R is when last.
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

// Forgets the mail with the Message-ID WORD, and that the address WORD was ever written to, by
// SENDER (may be NULL) or as earlier versions kept it. *COUNT_R: how many records went.
bool ledger_forget(struct ledger *ledger, const char *word, const char *sender, gint64 *count_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Forgets all that was recorded since SINCE (Unix seconds).
bool ledger_forget_since(struct ledger *ledger, gint64 since, gint64 *count_r,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;

// What was recorded on one day (from DAY, Unix seconds): so many mails, sent from FIRST to LAST.
typedef void (*ledger_day_visit)(gint64 day, gint64 count, gint64 first, gint64 last,
                                 gpointer data);
bool ledger_each_day(struct ledger *ledger, ledger_day_visit visit, gpointer data,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;

bool ledger_extent(struct ledger *ledger, struct ledger_extent *extent_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// From FROM to UNTIL something may have been sent that is not recorded.
bool ledger_add_gap(struct ledger *ledger, gint64 from, gint64 until,
                    GError **err) G_GNUC_WARN_UNUSED_RESULT;

// MESSAGE was sent, or will be in a moment, and is not recorded: notes a gap in a file in
// state.directory, for the ledger may not be there to take it.
bool ledger_note_failure(const struct conf *conf, const struct sent_message *message,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Brings the gaps that ledger_note_failure noted here into the ledger, where other hosts see them;
// who may not (a user who asks a holder) keeps them.
bool ledger_hand_in_gaps(struct ledger *ledger, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Is there, by the settings, a ledger into which mail is recorded: one that is named, or that is
// there already?
bool ledger_is_used(const struct conf *conf);

// A recorder that runs all the time says that it is there, at least every LEDGER_ALIVE_SECONDS.
// From when it last said so until it says so again, or STARTS again, there is a gap. ledger_retire:
// NAME will not come again, and its silence means nothing.
#define LEDGER_ALIVE_SECONDS 60
bool ledger_alive(struct ledger *ledger, const char *name, bool starts,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;
bool ledger_retire(struct ledger *ledger, const char *name, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// struct ledger_recorder, owned by the array.
bool ledger_recorders(struct ledger *ledger, GPtrArray **recorders_r,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;

typedef struct ledger Ledger;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)
