// SPDX-License-Identifier: MIT
// What the ledger keeps instead of names: keyed hashes (HMAC-SHA-256, cut to 16 bytes). What
// belongs to a mail is bound to its Message-ID, so only who has the mail or its report can ask for
// it; whom a user writes to is bound to that user.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LEDGER_HASH_BYTES 16

struct ledger_hash {
    guint8 bytes[LEDGER_HASH_BYTES];
};

enum ledger_bond {
    BOND_SENDER = 's',        // a Message-ID and its envelope sender
    BOND_RECIPIENT = 'r',     // a Message-ID and one it was sent to
    BOND_CORRESPONDENT = 'c', // a user and one (or "@domain") he wrote to
    BOND_NEAR = 'm',          // a user, and one he wrote to in some minute
    BOND_USER = 'u',          // a user with himself: he has recorded mail
};

struct ledger_hasher;

struct ledger_hasher *ledger_hasher_new(GBytes *key);
void ledger_hasher_free(struct ledger_hasher *hasher);

// Says which key it is without giving it away; never 0.
gint64 ledger_hasher_mark(const struct ledger_hasher *hasher);

// False when there is no Message-ID in TEXT. Case is folded: some gateways do so with the domain.
bool ledger_hash_id(const struct ledger_hasher *hasher, const char *text,
                    struct ledger_hash *hash_r);

// ADDRESS without tags, in lower case; "@domain" stands for everybody there.
struct ledger_hash ledger_hash_address(const struct ledger_hasher *hasher, const char *address);

// ADDRESS as that of a user who sends: without what he adds for one mail or recipient, "+tag" and
// "-bob=example.net" (VERP).
struct ledger_hash ledger_hash_owner(const struct ledger_hasher *hasher, const char *address);

// ADDRESS was written to in this span of time.
struct ledger_hash ledger_hash_near(const struct ledger_hasher *hasher, const char *address,
                                    gint64 span);

// False when DATE and SUBJECT are not enough to know a mail by.
bool ledger_hash_alike(const struct ledger_hasher *hasher, gint64 date, const char *subject,
                       struct ledger_hash *hash_r);

// TO as it stands under OWNER.
struct ledger_hash ledger_hash_bound(const struct ledger_hasher *hasher, enum ledger_bond bond,
                                     const struct ledger_hash *owner, const struct ledger_hash *to);

static inline bool ledger_hash_equal(const struct ledger_hash *a, const struct ledger_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
