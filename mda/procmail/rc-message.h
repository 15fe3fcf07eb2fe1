// SPDX-License-Identifier: MIT
// The message that is being worked on, raw as procmail's conditions see it. Filters replace it
// whole or in part.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct rc_message {
    char *data; // owned
    gsize size;
    gsize body;         // where the body begins; the empty line before it belongs to the header
    gsize start;        // behind leading empty lines
    gsize escape_from;  // body text from here on gets its "\nFrom " escaped in an mbox
    bool ignore_length; // Content-Length is not looked at (-Y)
    GArray *folds;      // gsize: newlines within folded header fields
    char *unfolded;     // data with blanks for them, as much as was asked for
    gsize unfolded_size;
    gsize length_value; // where the value of Content-Length begins, 0: there is none
};

enum rc_part { RC_HEAD, RC_BODY, RC_WHOLE };

// Takes DATA over.
void rc_message_set(struct rc_message *message, char *data, gsize size);

// Puts the bytes of REPLACEMENT, copied, in place of PART.
void rc_message_replace(struct rc_message *message, enum rc_part part, const GString *replacement);

// PART as it is, or for searching: with the header's folded lines joined. Borrowed.
const char *rc_message_part(const struct rc_message *message, enum rc_part part, gsize *size_r);
const char *rc_message_search_part(struct rc_message *message, enum rc_part part, gsize *size_r);

// How many bytes the "From " line and ">From" lines behind it take up at the start of TEXT.
gsize rc_from_lines(const char *text, gsize size);

void rc_message_clear(struct rc_message *message);
