// SPDX-License-Identifier: MIT
// The ledger in SQLite: what an earlier version wrote, and what is to be forgotten. Both within the
// caller's transaction.
#pragma once

#include "base/db.h"
#include "ledger/hash.h"

// Brings the tables of VERSION (1 or 2) into those of today, and drops them. Recipients and senders
// become bound to their Message-IDs; whom somebody wrote to stays unbound, as nobody knows who.
bool sqlite_upgrade(const struct db_api *api, struct db *db, gint64 version,
                    const struct ledger_hasher *hasher, GError **err) G_GNUC_WARN_UNUSED_RESULT;

struct sqlite_sweep {
    gint64 now, before; // what was recorded earlier than BEFORE goes
    int rows;           // so many are looked at
};

// Goes on with the sweep where the last call stopped.
bool sqlite_forget(const struct db_api *api, struct db *db, const struct sqlite_sweep *sweep,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;
