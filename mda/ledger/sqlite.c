// SPDX-License-Identifier: MIT
// The ledger in an SQLite file, for one host: many processes write, more read.
//
// Design rationale
// - Each record keeps when it was made ("added"), and is forgotten by that, not by when the mail
//   was sent: an import of old mail is there to be kept.
// - "began" and "untimed" tell from when on absence means something; see struct ledger_extent.
#include "base/db.h"
#include "base/error.h"
#include "ledger/backend.h"

#include <string.h>

// What one delivery or record forgets at most.
#define PRUNE_ROWS 500
// How far its messages are counted.
#define COUNT_MAX 1000000
#define SCHEMA_VERSION 2

struct state {
    const struct db_api *api;
    struct db *db;
    bool has_fingerprints; // it was written to by a version that keeps them
};

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sent (id BLOB PRIMARY KEY, time INTEGER, added INTEGER,"
    " sender BLOB) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS sent_added ON sent (added);"
    "CREATE TABLE IF NOT EXISTS recipient (id BLOB, address BLOB, PRIMARY KEY (id, address))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS correspondent (address BLOB PRIMARY KEY, time INTEGER,"
    " added INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS correspondent_added ON correspondent (added);"
    "CREATE TABLE IF NOT EXISTS fingerprint (hash BLOB PRIMARY KEY, added INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS fingerprint_added ON fingerprint (added);"
    "PRAGMA user_version = " G_STRINGIFY(SCHEMA_VERSION) ";"
                                                         "COMMIT;";

static void sqlite_free(gpointer data)
{
    struct state *state = data;
    state->api->close(state->db);
    g_free(state);
}

// A number from a statement of one row and column; DEFAULT when there is no row.
static bool query_number(struct state *state, const char *sql, gint64 fallback, gint64 *value_r,
                         GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!state->api->prepare(state->db, sql, &statement, err) ||
        !state->api->step(statement, &row, err))
        return false;
    *value_r = row ? state->api->column_int(statement, 0) : fallback;
    return !row || state->api->step(statement, &row, err);
}

static bool check_schema(struct state *state, enum ledger_mode mode, GError **err)
{
    gint64 version;
    if (!query_number(state, "PRAGMA user_version", 0, &version, err))
        return false;
    if (version > SCHEMA_VERSION)
        return mda_fail(err, MDA_ERROR_TEMP, "the ledger was made by a later version of backstop");
    state->has_fingerprints = version >= 2 || mode == LEDGER_WRITE;
    if (version == SCHEMA_VERSION || (version > 0 && mode == LEDGER_READ))
        return true;
    if (mode == LEDGER_READ)
        return mda_fail(err, MDA_ERROR_GONE, "nothing was ever recorded in it");
    return state->api->exec(state->db, schema, err);
}

static bool sqlite_open(const char *location, const struct conf *conf, enum ledger_mode mode,
                        struct deadline deadline, gpointer *state_r, GError **err)
{
    (void)conf;
    const struct db_api *api = db_load(err);
    if (!api)
        return false;
    struct state *state = g_new0(struct state, 1);
    state->api = api;
    if (!api->open(location, mode == LEDGER_READ ? DB_READ : DB_CREATE, deadline, &state->db,
                   err) ||
        !check_schema(state, mode, err) ||
        // A record that a power cut takes away would make a genuine report look forged.
        (mode == LEDGER_WRITE && !api->exec(state->db, "PRAGMA synchronous = FULL", err))) {
        sqlite_free(state);
        return false;
    }
    *state_r = state;
    return true;
}

static bool run(struct state *state, struct db_statement *statement, GError **err)
{
    bool row;
    return state->api->step(statement, &row, err);
}

static void bind_hash(struct state *state, struct db_statement *statement, int at,
                      const struct ledger_hash *hash)
{
    state->api->bind_blob(statement, at, hash->bytes, sizeof hash->bytes);
}

static bool record_message(struct state *state, const struct ledger_entry *entry, GError **err)
{
    struct db_statement *statement;
    if (!state->api->prepare(state->db,
                             "INSERT INTO sent (id, time, added, sender) VALUES (?1, ?2, ?3, ?4)"
                             " ON CONFLICT (id) DO UPDATE SET"
                             " time = CASE WHEN time = 0 THEN excluded.time ELSE time END,"
                             " sender = coalesce(sender, excluded.sender)",
                             &statement, err))
        return false;
    bind_hash(state, statement, 1, &entry->id);
    state->api->bind_int(statement, 2, entry->time);
    state->api->bind_int(statement, 3, entry->now);
    if (entry->has_sender)
        bind_hash(state, statement, 4, &entry->sender);
    return run(state, statement, err);
}

static bool record_recipients(struct state *state, const struct ledger_entry *entry, GError **err)
{
    for (guint i = 0; i < entry->recipient_count; i++) {
        struct db_statement *statement;
        if (!state->api->prepare(state->db,
                                 "INSERT OR IGNORE INTO recipient (id, address) VALUES (?1, ?2)",
                                 &statement, err))
            return false;
        bind_hash(state, statement, 1, &entry->id);
        bind_hash(state, statement, 2, &entry->recipients[i]);
        if (!run(state, statement, err))
            return false;
    }
    return true;
}

static bool record_correspondents(struct state *state, const struct ledger_entry *entry,
                                  GError **err)
{
    for (guint i = 0; i < entry->correspondent_count; i++) {
        struct db_statement *statement;
        if (!state->api->prepare(state->db,
                                 "INSERT INTO correspondent (address, time, added)"
                                 " VALUES (?1, ?2, ?3) ON CONFLICT (address) DO UPDATE SET"
                                 " time = max(time, excluded.time), added = excluded.added",
                                 &statement, err))
            return false;
        bind_hash(state, statement, 1, &entry->correspondents[i]);
        state->api->bind_int(statement, 2, entry->time);
        state->api->bind_int(statement, 3, entry->now);
        if (!run(state, statement, err))
            return false;
    }
    return true;
}

static bool record_fingerprints(struct state *state, const struct ledger_entry *entry, GError **err)
{
    for (guint i = 0; i < entry->fingerprint_count; i++) {
        struct db_statement *statement;
        if (!state->api->prepare(state->db,
                                 "INSERT INTO fingerprint (hash, added) VALUES (?1, ?2)"
                                 " ON CONFLICT (hash) DO UPDATE SET added = excluded.added",
                                 &statement, err))
            return false;
        bind_hash(state, statement, 1, &entry->fingerprints[i]);
        state->api->bind_int(statement, 2, entry->now);
        if (!run(state, statement, err))
            return false;
    }
    return true;
}

static bool record_guess(struct state *state, const struct ledger_entry *entry, GError **err)
{
    struct db_statement *statement;
    if (!entry->guessed)
        return true;
    if (!state->api->prepare(state->db,
                             "INSERT INTO meta (name, value) VALUES ('guessed', ?1)"
                             " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
                             &statement, err))
        return false;
    state->api->bind_int(statement, 1, entry->now);
    return run(state, statement, err);
}

// Keeps "began" the earliest time, and notes a record without one.
static bool record_extent(struct state *state, const struct ledger_entry *entry, GError **err)
{
    struct db_statement *statement;
    if (!state->api->prepare(state->db,
                             "INSERT INTO meta (name, value) VALUES (?1, ?2)"
                             " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                             " WHERE excluded.value < value",
                             &statement, err))
        return false;
    state->api->bind_text(statement, 1, entry->since ? "began" : "untimed");
    state->api->bind_int(statement, 2, entry->since ? entry->since : 1);
    return run(state, statement, err);
}

static bool sqlite_record(gpointer data, const struct ledger_entry *entry, GError **err)
{
    struct state *state = data;
    if (entry->has_id &&
        !(record_message(state, entry, err) && record_recipients(state, entry, err)))
        return false;
    return record_extent(state, entry, err) && record_guess(state, entry, err) &&
           record_correspondents(state, entry, err) && record_fingerprints(state, entry, err);
}

static bool sqlite_begin(gpointer data, GError **err)
{
    struct state *state = data;
    return state->api->exec(state->db, "BEGIN IMMEDIATE", err);
}

static bool sqlite_commit(gpointer data, GError **err)
{
    struct state *state = data;
    return state->api->exec(state->db, "COMMIT", err);
}

static bool forget_messages(struct state *state, gint64 before, GError **err)
{
    static const char *const steps[] = {
        // What is forgotten is not held against a report any more.
        "INSERT INTO meta (name, value) SELECT 'forgot', max(CASE time WHEN 0 THEN added ELSE"
        " min(time, added) END) FROM (SELECT time, added FROM sent WHERE added < ?1 ORDER BY added "
        "LIMIT ?2)"
        " WHERE true GROUP BY 1 HAVING count(*) > 0"
        " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        "DELETE FROM recipient WHERE id IN"
        " (SELECT id FROM sent WHERE added < ?1 ORDER BY added LIMIT ?2)",
        "DELETE FROM sent WHERE id IN"
        " (SELECT id FROM sent WHERE added < ?1 ORDER BY added LIMIT ?2)",
        "DELETE FROM correspondent WHERE address IN"
        " (SELECT address FROM correspondent WHERE added < ?1 ORDER BY added LIMIT ?2)",
        "DELETE FROM fingerprint WHERE hash IN"
        " (SELECT hash FROM fingerprint WHERE added < ?1 ORDER BY added LIMIT ?2)",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct db_statement *statement;
        if (!state->api->prepare(state->db, steps[i], &statement, err))
            return false;
        state->api->bind_int(statement, 1, before);
        state->api->bind_int(statement, 2, PRUNE_ROWS);
        if (!run(state, statement, err))
            return false;
    }
    return true;
}

static bool sqlite_prune(gpointer data, gint64 now, gint64 keep_seconds, GError **err)
{
    struct state *state = data;
    gint64 oldest_sent, oldest_correspondent;
    if (!query_number(state, "SELECT coalesce(min(added), 0) FROM sent", 0, &oldest_sent, err) ||
        !query_number(state, "SELECT coalesce(min(added), 0) FROM correspondent", 0,
                      &oldest_correspondent, err))
        return false;
    const gint64 before = now - keep_seconds;
    if ((oldest_sent == 0 || oldest_sent >= before) &&
        (oldest_correspondent == 0 || oldest_correspondent >= before))
        return true;
    if (!sqlite_begin(state, err))
        return false;
    if (forget_messages(state, before, err))
        return sqlite_commit(state, err);
    state->api->exec(state->db, "ROLLBACK", NULL);
    return false;
}

static bool count_recipients(struct state *state, const struct ledger_hash *id, guint *count_r,
                             GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!state->api->prepare(state->db, "SELECT count(*) FROM recipient WHERE id = ?1", &statement,
                             err))
        return false;
    bind_hash(state, statement, 1, id);
    if (!state->api->step(statement, &row, err))
        return false;
    *count_r = row ? (guint)state->api->column_int(statement, 0) : 0;
    return true;
}

static bool sqlite_find(gpointer data, const struct ledger_hash *id,
                        const struct ledger_hash *sender, bool *found_r,
                        struct sent_record *record_r, GError **err)
{
    struct state *state = data;
    struct db_statement *statement;
    if (!state->api->prepare(state->db, "SELECT time, sender FROM sent WHERE id = ?1", &statement,
                             err))
        return false;
    bind_hash(state, statement, 1, id);
    if (!state->api->step(statement, found_r, err))
        return false;
    if (!*found_r)
        return true;
    struct sent_record record = {.time = state->api->column_int(statement, 0)};
    gsize size;
    gconstpointer recorded = state->api->column_blob(statement, 1, &size);
    record.has_sender = size == LEDGER_HASH_BYTES;
    record.sender_fits = record.has_sender && sender && memcmp(recorded, sender->bytes, size) == 0;
    if (!count_recipients(state, id, &record.recipients, err))
        return false;
    *record_r = record;
    return true;
}

static bool sqlite_sent_to(gpointer data, const struct ledger_hash *id,
                           const struct ledger_hash *address, bool *yes_r, GError **err)
{
    struct state *state = data;
    struct db_statement *statement;
    if (!state->api->prepare(state->db, "SELECT 1 FROM recipient WHERE id = ?1 AND address = ?2",
                             &statement, err))
        return false;
    bind_hash(state, statement, 1, id);
    bind_hash(state, statement, 2, address);
    return state->api->step(statement, yes_r, err);
}

static bool sqlite_wrote_to(gpointer data, const struct ledger_hash *address, bool *yes_r,
                            gint64 *time_r, GError **err)
{
    struct state *state = data;
    struct db_statement *statement;
    if (!state->api->prepare(state->db, "SELECT time FROM correspondent WHERE address = ?1",
                             &statement, err))
        return false;
    bind_hash(state, statement, 1, address);
    if (!state->api->step(statement, yes_r, err))
        return false;
    if (*yes_r)
        *time_r = state->api->column_int(statement, 0);
    return true;
}

static bool sqlite_has_fingerprint(gpointer data, const struct ledger_hash *fingerprint,
                                   bool *yes_r, GError **err)
{
    struct state *state = data;
    struct db_statement *statement;
    *yes_r = false;
    if (!state->has_fingerprints)
        return true;
    if (!state->api->prepare(state->db, "SELECT 1 FROM fingerprint WHERE hash = ?1", &statement,
                             err))
        return false;
    bind_hash(state, statement, 1, fingerprint);
    return state->api->step(statement, yes_r, err);
}

static bool sqlite_count_since(gpointer data, gint64 since, gint64 *count_r, GError **err)
{
    struct state *state = data;
    struct db_statement *statement;
    bool row;
    if (!state->api->prepare(state->db,
                             "SELECT count(*) FROM (SELECT 1 FROM sent WHERE added >= ?1"
                             " LIMIT 5000)",
                             &statement, err))
        return false;
    state->api->bind_int(statement, 1, since);
    if (!state->api->step(statement, &row, err))
        return false;
    *count_r = row ? state->api->column_int(statement, 0) : 0;
    return true;
}

static bool sqlite_extent(gpointer data, struct ledger_extent *extent_r, GError **err)
{
    struct state *state = data;
    struct ledger_extent extent;
    gint64 untimed, recipients, guessed;
    if (!query_number(state,
                      "SELECT count(*) FROM (SELECT 1 FROM sent LIMIT " G_STRINGIFY(COUNT_MAX) ")",
                      0, &extent.messages, err) ||
        !query_number(state, "SELECT value FROM meta WHERE name = 'untimed'", 0, &untimed, err) ||
        !query_number(state, "SELECT value FROM meta WHERE name = 'began'", 0, &extent.began,
                      err) ||
        !query_number(state, "SELECT value FROM meta WHERE name = 'forgot'", 0,
                      &extent.forgot_until, err) ||
        !query_number(state, "SELECT count(*) FROM (SELECT 1 FROM correspondent LIMIT 1)", 0,
                      &recipients, err) ||
        !query_number(state, "SELECT value FROM meta WHERE name = 'guessed'", 0, &guessed, err))
        return false;
    if (untimed)
        extent.began = 0;
    extent.has_recipients = recipients > 0;
    extent.guessed_recipients = guessed > g_get_real_time() / G_USEC_PER_SEC - LEDGER_GUESS_SECONDS;
    *extent_r = extent;
    return true;
}

const struct ledger_backend ledger_sqlite = {
    .open = sqlite_open,
    .free = sqlite_free,
    .record = sqlite_record,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .prune = sqlite_prune,
    .find = sqlite_find,
    .sent_to = sqlite_sent_to,
    .wrote_to = sqlite_wrote_to,
    .has_fingerprint = sqlite_has_fingerprint,
    .count_since = sqlite_count_since,
    .extent = sqlite_extent,
};
