// SPDX-License-Identifier: MIT
// What is written to a store: the message's own bytes, with header lines put in front and nothing
// else touched.
#pragma once

#include "base/content.h"
#include "message/message.h"

// MESSAGE without its From_ line and without X-Backstop* fields (a sender must not be able to fake
// a verdict), behind the header lines ADDED ("Name: value\n", LF, may be ""), which get the line
// ends of the message. A message that is not empty and has no header gets none: a line in front of
// it would make a header of its text. Borrows from MESSAGE; owned by the caller.
struct content *compose(const struct message *message, const char *added);

// The same for BYTES, what rules made of a message: its X-Backstop* fields stay, for they were seen
// to before the rules. Borrows from BYTES.
struct content *compose_changed(GBytes *bytes, const char *added);

// Does MESSAGE have X-Backstop* fields, which a sender put there?
bool compose_is_forged(const struct message *message);

// BYTES, a message with or without a From_ line, without X-Backstop* fields. A new reference.
GBytes *compose_unforged(GBytes *bytes);

// BYTES as it goes on to others: without Return-Path, which final delivery puts in front (RFC 5321
// §4.4). A new reference.
GBytes *compose_forward(GBytes *bytes);
