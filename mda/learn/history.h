// SPDX-License-Identifier: MIT
// Reading what lies in the user's folders, once each, for what it teaches (ledger/learnt.h): how
// complete his folders of sent mail are, where his mail leaves, what forms its ids have.
#pragma once

#include "base/clock.h"
#include "conf/conf.h"
#include "message/message.h"

struct learn_request {
    const struct conf *conf;
    guint max;                // messages that may be read; what is left is read the next time
    struct deadline deadline; // the same
    // Called for each message read, with how many there are, as far as is known; may be NULL.
    void (*step)(guint64 total, gpointer data);
    gpointer data;
};

// What one run found; the state has the sum of all.
struct learn_counts {
    guint read, sent, received, answers, posts, words;
    bool whole; // nothing was left over
};

// Brings the state up to date with the folders of [store] location and identity.sent-folders. A run
// that is ended or killed is taken up by the next. False with *err when the state cannot be kept.
bool learn_history(const struct learn_request *request, struct learn_counts *counts_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A bounded piece of learn_history, once in a while, for when a report was delivered: notices what
// the user moved since. Does nothing where nothing was learnt before.
void learn_slice(const struct conf *conf);

// A message that a program, not the user, has put into FOLDER under NAME: no word of his.
void learn_ignore(const struct conf *conf, const char *folder, const char *name);

// Forgets all that was learnt, and the index of sent mail.
bool learn_forget(const struct conf *conf, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A message that has just been delivered, for WHOM (may be NULL). Does nothing, and opens nothing,
// when it cannot teach anything: neither an answer nor a letter to oneself.
void learn_delivered(const struct conf *conf, const struct message *message, const char *whom);
