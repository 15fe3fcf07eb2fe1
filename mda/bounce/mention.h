// SPDX-License-Identifier: MIT
// The addresses that the words of a report mention: whom it is about, where no machine-readable
// part and no rule says it.
#pragma once

#include "bounce/message-facts.h"

struct mention {
    char *address; // owned by whoever asked
    gsize start;   // its offset in the text
};

// The next address in TEXT at or behind *AT, which is moved behind it. False when there is none.
// What looks like one and is none is left out: Message-IDs and other tokens by their labels, and
// what has no domain.
bool mention_next(const char *text, gsize length, gsize *at, struct mention *mention_r);

// Is the reader's address mentioned, and nobody else's? So do warnings about his own mailbox, and
// baits; a report is about somebody to whom he wrote.
bool mention_reader_alone(struct facts *facts);

// Can ADDRESS, mentioned in FACTS' words, be a failed recipient? Not a mail system's, nor the
// original's author's, nor the reader's.
bool mention_may_be_recipient(struct facts *facts, const char *address);
