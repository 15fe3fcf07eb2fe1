// SPDX-License-Identifier: MIT
// Who can have written a message, as far as its header says: what a rule's words are worth depends
// on it. Ordered: each may say all that those behind it may say.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum writer {
    WRITER_MAIL_SYSTEM, // From is a mail system's, or none; or the structure is a report's
    WRITER_NULL_SENDER, // somebody with a null envelope sender
    WRITER_UNNAMED,     // somebody, of whom nothing is known
    WRITER_ANYONE,      // also a person's mail program, or another machine: a tracker, cron
};

struct facts;

enum writer writer_of(struct facts *facts);

// "mail-system", "null-sender", "unnamed", "anyone". False when NAME is none of them.
bool writer_parse(const char *name, enum writer *writer_r);
const char *writer_name(enum writer writer);
