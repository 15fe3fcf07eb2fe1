// SPDX-License-Identifier: MIT
// What stands between DATA and its end: dots are unstuffed (RFC 5321 §4.5.2), CRLF becomes LF, all
// other bytes stay.
//
// Only CR LF . CR LF ends the message, and only behind CR LF is a dot a stuffed one: a client that
// sends bare LFs, as part of its message or to smuggle one message in another, does not get them
// read as line ends of the protocol. Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum dots_state { DOTS_LINE_START, DOTS_DOT, DOTS_DOT_CR, DOTS_TEXT, DOTS_CR };

struct dots {
    enum dots_state state; // DOTS_LINE_START to begin with
};

// Decodes SIZE bytes of DATA and appends to OUT. Returns how many it took: all of them, or fewer
// with *END_R set when the message ended.
gsize dots_decode(struct dots *dots, const char *data, gsize size, GByteArray *out, bool *end_r);
