// SPDX-License-Identifier: MIT
// How a message and its envelope come in from an MTA: options, the environment as Postfix, Exim,
// qmail and sendmail set it, the From_ line, and what the topmost header lines say.
#pragma once

#include "message/envelope.h"
#include "message/message.h"

#include <glib.h>
#include <stdbool.h>

// What the options say; NULL where they say nothing. Borrowed.
struct intake_options {
    const char *sender;             // -f: <> is the null sender, an empty one is none
    const char *recipient;          // -r
    const char *original_recipient; // -a
    bool blank_is_null;             // an empty sender is the null sender when nothing else tells
    bool alias_counts;              // original_recipient is what envelope->addressed is to be
};

// Puts *ENVELOPE_R together for MESSAGE. What comes first wins: options, environment, From_ line,
// Return-Path. Free with envelope_clear.
void intake_envelope(const struct intake_options *options, const struct message *message,
                     struct envelope *envelope_r);

// Unix time at which our MTA took MESSAGE in: the date of its topmost Received field; 0 when there
// is none or it cannot be read.
gint64 intake_arrival(const struct message *message);

// Return-Path and Delivered-To for MESSAGE where it does not have them already. Owned by the
// caller.
char *intake_header(const struct message *message, const struct envelope *envelope);

// A hash of the message, its envelope and DISTINCTION (what else makes this delivery another one),
// in hex. Owned by the caller.
char *intake_fingerprint(const struct message *message, const struct envelope *envelope,
                         const char *distinction);
