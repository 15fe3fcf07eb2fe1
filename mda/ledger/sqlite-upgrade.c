// SPDX-License-Identifier: MIT
#include "ledger/sqlite-upgrade.h"

#include "base/error.h"

static bool take_hash(const struct db_api *api, struct db_statement *statement, int column,
                      struct ledger_hash *hash_r)
{
    gsize size;
    gconstpointer data = api->column_blob(statement, column, &size);
    if (size != LEDGER_HASH_BYTES)
        return false;
    memcpy(hash_r->bytes, data, size);
    return true;
}

static bool put_entry(const struct db_api *api, struct db *db, const struct ledger_hash *hash,
                      const gint64 values[3], GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!api->prepare(db,
                      "INSERT OR IGNORE INTO entry (hash, time, added, info) VALUES (?1, ?2, ?3, "
                      "?4)",
                      &statement, err))
        return false;
    api->bind_blob(statement, 1, hash->bytes, sizeof hash->bytes);
    for (int i = 0; i < 3; i++)
        api->bind_int(statement, 2 + i, values[i]);
    return api->step(statement, &row, err);
}

// As sender_tag() of sqlite.c has it.
static gint64 old_tag(const struct ledger_hasher *hasher, const struct ledger_hash *id,
                      const struct ledger_hash *sender)
{
    const struct ledger_hash bound = ledger_hash_bound(hasher, BOND_SENDER, id, sender);
    guint32 tag;
    memcpy(&tag, bound.bytes, sizeof tag);
    return (gint64)(GUINT32_FROM_LE(tag) | 1) << 1;
}

static bool move_ids(const struct db_api *api, struct db *db, const struct ledger_hasher *hasher,
                     GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!api->prepare(db,
                      "SELECT id, time, added, sender,"
                      " EXISTS (SELECT 1 FROM recipient WHERE recipient.id = sent.id) FROM sent"
                      " ORDER BY id",
                      &statement, err) ||
        !api->step(statement, &row, err))
        return false;
    for (; row;) {
        struct ledger_hash id, sender;
        const bool sound = take_hash(api, statement, 0, &id);
        const bool sent = sound && take_hash(api, statement, 3, &sender);
        const gint64 values[] = {api->column_int(statement, 1), api->column_int(statement, 2),
                                 api->column_int(statement, 4) |
                                     (sent ? old_tag(hasher, &id, &sender) : 0)};
        if ((sound && !put_entry(api, db, &id, values, err)) || !api->step(statement, &row, err))
            return false;
    }
    return true;
}

static bool move_recipients(const struct db_api *api, struct db *db,
                            const struct ledger_hasher *hasher, GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!api->prepare(db,
                      "SELECT recipient.id, address, added FROM recipient JOIN sent"
                      " ON sent.id = recipient.id",
                      &statement, err) ||
        !api->step(statement, &row, err))
        return false;
    while (row) {
        struct ledger_hash id, address;
        if (take_hash(api, statement, 0, &id) && take_hash(api, statement, 1, &address)) {
            const struct ledger_hash bound =
                ledger_hash_bound(hasher, BOND_RECIPIENT, &id, &address);
            const gint64 values[] = {0, api->column_int(statement, 2), -1};
            if (!put_entry(api, db, &bound, values, err))
                return false;
        }
        if (!api->step(statement, &row, err))
            return false;
    }
    return true;
}

bool sqlite_upgrade(const struct db_api *api, struct db *db, gint64 version,
                    const struct ledger_hasher *hasher, GError **err)
{
    static const char rest[] =
        "INSERT OR IGNORE INTO entry (hash, time, added, info)"
        " SELECT address, time, added, -1 FROM correspondent;"
        "INSERT OR REPLACE INTO meta (name, value) SELECT 'recipients', 1"
        " WHERE EXISTS (SELECT 1 FROM correspondent);"
        "INSERT OR REPLACE INTO meta (name, value) SELECT 'count', count(*) FROM sent;"
        "INSERT OR REPLACE INTO meta (name, value) SELECT 'first', min(added) FROM sent"
        " WHERE EXISTS (SELECT 1 FROM sent);"
        "INSERT OR REPLACE INTO hour (hour, count) SELECT added / 3600, count(*) FROM sent"
        " GROUP BY 1;"
        "DROP TABLE sent; DROP TABLE recipient; DROP TABLE correspondent";
    static const char fingerprints[] = "INSERT OR IGNORE INTO entry (hash, time, added, info)"
                                       " SELECT hash, 0, added, -1 FROM fingerprint;"
                                       "DROP TABLE fingerprint";
    return move_ids(api, db, hasher, err) && move_recipients(api, db, hasher, err) &&
           api->exec(db, rest, err) && (version < 2 || api->exec(db, fingerprints, err));
}

// Where the sweep stands; the empty hash at its beginning.
static bool recall_place(const struct db_api *api, struct db *db, struct ledger_hash *place_r,
                         GError **err)
{
    struct db_statement *statement;
    bool row;
    memset(place_r->bytes, 0, sizeof place_r->bytes);
    if (!api->prepare(db, "SELECT place FROM sweep WHERE one = 1", &statement, err) ||
        !api->step(statement, &row, err))
        return false;
    if (!row)
        return true;
    take_hash(api, statement, 0, place_r);
    return api->step(statement, &row, err);
}

static bool run_at(const struct db_api *api, struct db *db, const char *sql,
                   const struct ledger_hash *from, const struct ledger_hash *to, gint64 number,
                   GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!api->prepare(db, sql, &statement, err))
        return false;
    if (from)
        api->bind_blob(statement, 1, from->bytes, sizeof from->bytes);
    if (to)
        api->bind_blob(statement, 2, to->bytes, sizeof to->bytes);
    if (number)
        api->bind_int(statement, 3, number);
    return api->step(statement, &row, err);
}

// The last hash of this slice; false in *MORE_R when it is the last of all.
static bool slice_end(const struct db_api *api, struct db *db, const struct ledger_hash *place,
                      int rows, struct ledger_hash *end_r, bool *more_r, GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!api->prepare(db, "SELECT hash FROM entry WHERE hash > ?1 ORDER BY hash LIMIT 1 OFFSET ?2",
                      &statement, err))
        return false;
    api->bind_blob(statement, 1, place->bytes, sizeof place->bytes);
    api->bind_int(statement, 2, rows - 1);
    if (!api->step(statement, more_r, err))
        return false;
    memset(end_r->bytes, 0xff, sizeof end_r->bytes);
    if (!*more_r)
        return true;
    take_hash(api, statement, 0, end_r);
    return api->step(statement, &row, err);
}

bool sqlite_forget(const struct db_api *api, struct db *db, const struct sqlite_sweep *sweep,
                   GError **err)
{
    static const char *const steps[] = {
        // What is forgotten is not held against a report any more.
        ("INSERT INTO meta (name, value) SELECT 'forgot', latest FROM (SELECT max(CASE time WHEN 0"
         " THEN added ELSE min(time, added) END) AS latest FROM entry WHERE hash > ?1"
         " AND hash <= ?2 AND added < ?3 AND info >= 0) WHERE latest IS NOT NULL"
         " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"),
        ("UPDATE meta SET value = value - (SELECT count(*) FROM entry WHERE hash > ?1"
         " AND hash <= ?2 AND added < ?3 AND info >= 0) WHERE name = 'count'"),
        "DELETE FROM entry WHERE hash > ?1 AND hash <= ?2 AND added < ?3",
    };
    struct ledger_hash place, end;
    bool more;
    if (!recall_place(api, db, &place, err) ||
        !slice_end(api, db, &place, sweep->rows, &end, &more, err))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (!run_at(api, db, steps[i], &place, &end, sweep->before, err))
            return false;
    }
    if (more)
        return run_at(api, db, "INSERT OR REPLACE INTO sweep (one, place) VALUES (1, ?1)", &end,
                      NULL, 0, err);
    return run_at(api, db, "DELETE FROM sweep", NULL, NULL, 0, err) &&
           run_at(api, db, "DELETE FROM gap WHERE until < ?3", NULL, NULL, sweep->before, err) &&
           run_at(api, db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('swept', ?3)", NULL,
                  NULL, sweep->now, err);
}
