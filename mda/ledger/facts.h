// SPDX-License-Identifier: MIT
// What the ledger needs to know of a message that was sent, read from its header.
#pragma once

#include "ledger/ledger.h"
#include "message/message.h"

struct sent_facts {
    char *message_id;  // or NULL
    gint64 time;       // its Date; 0: none, or one that cannot be (in the future)
    char *subject;     // decoded, or NULL
    char *author;      // the address in From, or NULL
    char *name;        // the name beside it, as it is written, or NULL
    char *from;        // the address in Sender or From, or NULL
    char **recipients; // To, Cc, Bcc and their Resent- forms; never NULL
};

// The name in From, "Ann Ash <ann@example.org>", without quotes; encoded ones stay so. NULL: none.
// Owned by the caller.
char *sent_name_read(const struct message *message);

// Reads the header at the beginning of BYTES. Never fails: what is not there is NULL, 0 or empty.
struct sent_facts *sent_facts_read(GBytes *bytes);
// Records a letter of a folder of sent mail.
bool sent_facts_record(const struct sent_facts *facts, struct ledger *ledger,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;
void sent_facts_free(struct sent_facts *facts);

typedef struct sent_facts SentFacts;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SentFacts, sent_facts_free)
