// SPDX-License-Identifier: MIT
// What one letter teaches. Shared by history.c, which reads folders, and what is delivered.
#pragma once

#include "learn/history.h"
#include "ledger/ledger.h"
#include "ledger/state.h"
#include "message/message.h"
#include "store/special-use.h"

struct learner {
    const struct conf *conf;
    struct state *state;
    struct ledger *sent; // the index of sent mail
    GHashTable *own;     // the user's addresses, as address_plain gives them; may be empty
    struct learn_counts *counts;
    bool delivered; // the letter came in just now: it is no copy that a mail program kept
};

// Learns from the header of a letter in a folder for USE. False with *err when it cannot be kept.
bool letter_learn(struct learner *learner, enum special_use use, const struct message *message,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Is it one that a person wrote to answer another letter?
bool letter_is_answer(const struct message *message);
