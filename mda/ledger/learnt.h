// SPDX-License-Identifier: MIT
// What the user's own history taught, kept in the state file with its counts, and what follows from
// them. learn/ writes it, evidence/ asks.
//
// The rule of three: what never happened in N trials happens in at most 3/N of the cases, surely
// enough (95 of 100). With S times it is (S + 2√S + 3)/N.
#pragma once

#include "ledger/state.h"

// How long what was learnt counts.
#define LEARNT_KEEP_SECONDS ((gint64)3 * 365 * 24 * 3600)

// What a Message-ID that no folder of sent mail has is measured by.
enum learnt_question {
    LEARNT_NOTHING, // too little is known
    LEARNT_DOMAIN,  // no mail of his was ever known to bear such a domain behind its @
    LEARNT_SHAPE,   // … such a domain, but with ids that look otherwise
    LEARNT_KEPT,    // ids as his own: how many of those that were answered does Sent lack?
};

struct learnt_absence {
    enum learnt_question question;
    guint tests;  // answers to him that put the question
    guint misses; // how often it was a surprise
    double bound; // at most so many of his mails are like that: 0 to 1
    bool settled; // nothing changed lately: not his programs, not his name
};

// How surely is a mail with MESSAGE_ID, which Sent lacks, not from ACCOUNT (see learnt_account)?
// NOW in Unix seconds.
bool learnt_absence(struct state *state, const char *account, const char *message_id, gint64 now,
                    struct learnt_absence *absence_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A letter in a folder of sent mail: its author's address and name (may be NULL), its id, its Date.
bool learnt_note_sent(struct state *state, const char *account, const char *name,
                      const char *message_id, gint64 when, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The account that ADDRESS belongs to, as accounts are compared (address_plain). NULL when nothing
// was ever sent from it. Owned by the caller.
char *learnt_account(struct state *state, const char *address);

// An answer to ACCOUNT names the mail ANSWERED: a mail counts once, however many answer it, when
// learnt_settle_answers was done.
bool learnt_note_answer(struct state *state, const char *account, const char *answered, gint64 when,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A Message-ID that somebody else wrote: an answer that names it answers none of his mail.
bool learnt_note_received(struct state *state, const char *message_id,
                          GError **err) G_GNUC_WARN_UNUSED_RESULT;

bool learnt_was_received(struct state *state, const char *message_id, bool *yes_r,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Is NAME, ASCII case ignored, one by which letters were sent?
bool learnt_is_name(struct state *state, const char *name);

// Looks the newest MAX answers up that are not settled, or named what SENT lacked.
struct ledger;
bool learnt_settle_answers(struct state *state, struct ledger *sent, guint max,
                           GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A post of the user's own that came back and had left through a host of ORGANISATION.
bool learnt_note_relay(struct state *state, const char *organisation, const char *id, gint64 when,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The organisations through which his mail leaves: char *, owned by the array. *POSTS_R is how many
// posts taught it, *STRANGE_R how many came by a new way when some were known already.
GPtrArray *learnt_relays(struct state *state, gint64 now, guint *posts_r, guint *strange_r);

// (S + 2√S + 3)/N, at most 1.
double learnt_bound(guint misses, guint tests);

// What the user said of a report, by one fact of it: KIND is "recipient", "host", "sender" or
// "subject". FACT is kept as a hash. What he called genuine stays so.
bool learnt_note_word(struct state *state, const char *kind, const char *fact, bool genuine,
                      gint64 when, GError **err) G_GNUC_WARN_UNUSED_RESULT;

enum learnt_word { WORD_NONE, WORD_GENUINE, WORD_BACKSCATTER };
enum learnt_word learnt_word(struct state *state, const char *kind, const char *fact, gint64 now);

// Forgets all of it.
bool learnt_reset(struct state *state, GError **err) G_GNUC_WARN_UNUSED_RESULT;
