// SPDX-License-Identifier: MIT
// Replies as they go over the wire (RFC 5321 §4.2, RFC 2034). Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Appends TEXT to OUT as a reply with CODE and the enhanced status code STATUS (NULL: none): one
// line of the reply for each line of TEXT, long ones folded; text beyond LMTP_REPLY_LINES lines is
// left out. Control characters become blanks. 8-bit text stays if UTF8 is set and it is UTF-8; else
// its characters become '?'.
#define LMTP_REPLY_LINES 40
void lmtp_reply(GString *out, int code, const char *status, const char *text, bool utf8);
