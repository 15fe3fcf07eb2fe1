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
