// SPDX-License-Identifier: MIT
// The ledger in an SQLite file, for one host: many processes write, more read.
//
// Design rationale
// - One table for every kind of hash: 16 bytes as the key of a table without rowid, so that a
//   look-up is one descent. Nothing in it tells what belongs together.
// - Hashes fall anywhere in that tree, so a batch is held in memory and written sorted: page by
//   page.
// - Each record keeps when it was made ("added"), and is forgotten by that, not by when the mail
//   was sent: an import of old mail is there to be kept. There is no index on it; forgetting walks
//   the table, a slice at a time, once a day at most.
#include "base/db.h"
#include "base/error.h"
#include "ledger/backend.h"
#include "ledger/sqlite-upgrade.h"

#include <string.h>

// What one delivery or record looks at and forgets at most.
#define PRUNE_ROWS 5000
#define SWEEP_SECONDS (24 * 3600)
#define SCHEMA_VERSION 3
#define HOUR 3600
#define HOURS_MAX (7 * 24)
// From so many rows on a batch gets more memory.
#define LARGE_BATCH 10000

// The column info of an id: recipients are recorded, and a tag of the envelope sender above that.
#define INFO_RECIPIENTS 1
#define INFO_MARK (-1) // it is no id

struct ledger_row {
    struct ledger_hash hash;
    gint64 time, info;
};

struct sqlite {
    const struct db_api *api;
    struct db *db;
    GArray *rows;  // struct ledger_row: what waits to be written
    GArray *notes; // struct ledger_note
    gint64 now;    // when they came
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS entry (hash BLOB PRIMARY KEY, time INTEGER, added INTEGER,"
    " info INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS hour (hour INTEGER PRIMARY KEY, count INTEGER);"
    "CREATE TABLE IF NOT EXISTS gap (since INTEGER, until INTEGER, PRIMARY KEY (since, until))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS recorder (name TEXT PRIMARY KEY, alive INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sweep (one INTEGER PRIMARY KEY, place BLOB);";

static void sqlite_free(gpointer data)
{
    struct sqlite *sqlite = data;
    sqlite->api->close(sqlite->db);
    g_array_unref(sqlite->rows);
    g_array_unref(sqlite->notes);
    g_free(sqlite);
}

static bool run(struct sqlite *sqlite, struct db_statement *statement, GError **err)
{
    bool row;
    return sqlite->api->step(statement, &row, err);
}

// A number from a statement of one row and column; FALLBACK when there is no row.
static bool query_number(struct sqlite *sqlite, const char *sql, gint64 fallback, gint64 *value_r,
                         GError **err)
{
    struct db_statement *statement;
    bool row;
    if (!sqlite->api->prepare(sqlite->db, sql, &statement, err) ||
        !sqlite->api->step(statement, &row, err))
        return false;
    *value_r = row ? sqlite->api->column_int(statement, 0) : fallback;
    return !row || run(sqlite, statement, err);
}

static bool sqlite_open(const char *location, const struct conf *conf, enum ledger_mode mode,
                        struct deadline deadline, gpointer *state_r, GError **err)
{
    (void)conf;
    const struct db_api *api = db_load(err);
    if (!api)
        return false;
    struct sqlite *sqlite = g_new0(struct sqlite, 1);
    sqlite->api = api;
    sqlite->rows = g_array_new(FALSE, FALSE, sizeof(struct ledger_row));
    sqlite->notes = g_array_new(FALSE, FALSE, sizeof(struct ledger_note));
    if (!api->open(location, mode == LEDGER_READ ? DB_READ : DB_CREATE, deadline, &sqlite->db,
                   err) ||
        // A record that a power cut takes away would make a genuine report look forged.
        (mode == LEDGER_WRITE && !api->exec(sqlite->db, "PRAGMA synchronous = FULL", err))) {
        sqlite_free(sqlite);
        return false;
    }
    *state_r = sqlite;
    return true;
}

static bool make_schema(struct sqlite *sqlite, const struct ledger_hasher *hasher, bool *fresh_r,
                        GError **err)
{
    gint64 version; // asked again: another process may have been first
    if (!query_number(sqlite, "PRAGMA user_version", 0, &version, err) ||
        (version < SCHEMA_VERSION && !sqlite->api->exec(sqlite->db, schema, err)) ||
        (version > 0 && version < SCHEMA_VERSION &&
         !sqlite_upgrade(sqlite->api, sqlite->db, version, hasher, err)))
        return false;
    *fresh_r = version == 0;
    return sqlite->api->exec(sqlite->db,
                             "PRAGMA user_version = " G_STRINGIFY(SCHEMA_VERSION) "; COMMIT", err);
}

static bool sqlite_prepare(gpointer data, enum ledger_mode mode, const struct ledger_hasher *hasher,
                           bool *fresh_r, GError **err)
{
    struct sqlite *sqlite = data;
    gint64 version;
    *fresh_r = false;
    if (!query_number(sqlite, "PRAGMA user_version", 0, &version, err))
        return false;
    if (version > SCHEMA_VERSION)
        return mda_fail(err, MDA_ERROR_TEMP, "the ledger was made by a later version of backstop");
    if (version == SCHEMA_VERSION)
        return true;
    if (mode == LEDGER_READ)
        return version == 0
                   ? mda_fail(err, MDA_ERROR_GONE, "nothing was ever recorded in it")
                   : mda_fail(
                         err, MDA_ERROR_TEMP,
                         "it was made by an earlier version of backstop; the next mail that is "
                         "recorded brings it up to date");
    if (!sqlite->api->exec(sqlite->db, "BEGIN IMMEDIATE", err))
        return false;
    if (make_schema(sqlite, hasher, fresh_r, err))
        return true;
    sqlite->api->exec(sqlite->db, "ROLLBACK", NULL);
    return false;
}

static void bind_hash(struct sqlite *sqlite, struct db_statement *statement, int at,
                      const struct ledger_hash *hash)
{
    sqlite->api->bind_blob(statement, at, hash->bytes, sizeof hash->bytes);
}

static void add_row(struct sqlite *sqlite, const struct ledger_hash *hash, gint64 time, gint64 info)
{
    const struct ledger_row row = {*hash, time, info};
    g_array_append_val(sqlite->rows, row);
}

// 31 bits of the sender's hash: enough to tell whether it is he.
static gint64 sender_tag(const struct ledger_hash *sender)
{
    guint32 tag;
    memcpy(&tag, sender->bytes, sizeof tag);
    return (gint64)(GUINT32_FROM_LE(tag) | 1) << 1;
}

static bool sqlite_record(gpointer data, const struct ledger_entry *entry, GError **err)
{
    (void)err;
    struct sqlite *sqlite = data;
    sqlite->now = entry->now;
    if (entry->has_id)
        add_row(sqlite, &entry->id, entry->time,
                (entry->recipient_count > 0 ? INFO_RECIPIENTS : 0) |
                    (entry->has_sender ? sender_tag(&entry->sender) : 0));
    for (guint i = 0; i < entry->recipient_count; i++)
        add_row(sqlite, &entry->recipients[i], 0, INFO_MARK);
    for (guint i = 0; i < entry->correspondent_count; i++)
        add_row(sqlite, &entry->correspondents[i], entry->time, INFO_MARK);
    for (guint i = 0; i < entry->fingerprint_count; i++)
        add_row(sqlite, &entry->fingerprints[i], 0, INFO_MARK);
    for (guint i = 0; i < entry->note_count; i++)
        g_array_append_val(sqlite->notes, entry->notes[i]);
    return true;
}

static bool sqlite_begin(gpointer data, GError **err)
{
    (void)err;
    struct sqlite *sqlite = data;
    g_array_set_size(sqlite->rows, 0);
    g_array_set_size(sqlite->notes, 0);
    return true;
}

// *NEW_R counts an id that was not there.
static bool write_row(struct sqlite *sqlite, const struct ledger_row *row, gint64 *new_r,
                      GError **err)
{
    static const char insert[] =
        "INSERT OR IGNORE INTO entry (hash, time, added, info) VALUES (?1, ?2, ?3, ?4)";
    // Of an id the first time holds, of a mark the last.
    static const char update[] =
        "UPDATE entry SET added = ?3,"
        " time = CASE WHEN info < 0 OR time = 0 THEN max(time, ?2) ELSE time END,"
        " info = CASE WHEN info > 1 OR ?4 < 0 THEN info | (?4 & 1) ELSE info | ?4 END"
        " WHERE hash = ?1";
    const char *const steps[] = {insert, update};
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct db_statement *statement;
        if (!sqlite->api->prepare(sqlite->db, steps[i], &statement, err))
            return false;
        bind_hash(sqlite, statement, 1, &row->hash);
        sqlite->api->bind_int(statement, 2, row->time);
        sqlite->api->bind_int(statement, 3, sqlite->now);
        sqlite->api->bind_int(statement, 4, row->info);
        if (!run(sqlite, statement, err))
            return false;
        if (sqlite->api->changes(sqlite->db) > 0) {
            *new_r += i == 0 && row->info >= 0;
            return true;
        }
    }
    return true;
}

static bool write_note(struct sqlite *sqlite, const struct ledger_note *note, GError **err)
{
    static const char *const sql[] = {
        [NOTE_LEAST] = ("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name)"
                        " DO UPDATE SET value = excluded.value WHERE excluded.value < value"
                        " OR value = 0"),
        [NOTE_MOST] = ("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name)"
                       " DO UPDATE SET value = excluded.value WHERE excluded.value > value"),
        [NOTE_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
    };
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db, sql[note->merge], &statement, err))
        return false;
    sqlite->api->bind_text(statement, 1, note->name);
    sqlite->api->bind_int(statement, 2, note->value);
    return run(sqlite, statement, err);
}

static bool count_rows(struct sqlite *sqlite, gint64 ids, gint64 records, GError **err)
{
    static const char *const sql[] = {
        "INSERT INTO meta (name, value) VALUES ('count', ?1) ON CONFLICT (name)"
        " DO UPDATE SET value = value + excluded.value",
        "INSERT INTO hour (hour, count) VALUES (?2, ?1) ON CONFLICT (hour)"
        " DO UPDATE SET count = count + excluded.count",
        "DELETE FROM hour WHERE hour < ?2 - " G_STRINGIFY(HOURS_MAX),
    };
    const gint64 counts[] = {ids, records, 0};
    for (gsize i = 0; i < G_N_ELEMENTS(sql); i++) {
        struct db_statement *statement;
        if (!sqlite->api->prepare(sqlite->db, sql[i], &statement, err))
            return false;
        if (i < 2)
            sqlite->api->bind_int(statement, 1, counts[i]);
        if (i > 0)
            sqlite->api->bind_int(statement, 2, sqlite->now / HOUR);
        if (!run(sqlite, statement, err))
            return false;
    }
    return true;
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    return memcmp(((const struct ledger_row *)a)->hash.bytes,
                  ((const struct ledger_row *)b)->hash.bytes, LEDGER_HASH_BYTES);
}

static bool write_batch(struct sqlite *sqlite, GError **err)
{
    gint64 ids = 0, records = 0;
    g_array_sort(sqlite->rows, compare_rows);
    for (guint i = 0; i < sqlite->rows->len; i++) {
        const struct ledger_row *row = &g_array_index(sqlite->rows, struct ledger_row, i);
        records += row->info >= 0;
        if (!write_row(sqlite, row, &ids, err))
            return false;
    }
    for (guint i = 0; i < sqlite->notes->len; i++) {
        if (!write_note(sqlite, &g_array_index(sqlite->notes, struct ledger_note, i), err))
            return false;
    }
    const struct ledger_note first = {"first", sqlite->now, NOTE_LEAST};
    return count_rows(sqlite, ids, records, err) && write_note(sqlite, &first, err);
}

// Many records make the same notes; each kind is kept once.
static void thin_notes(GArray *notes)
{
    guint kept = 0;
    for (guint i = 0; i < notes->len; i++) {
        const struct ledger_note note = g_array_index(notes, struct ledger_note, i);
        guint at = 0;
        while (at < kept &&
               strcmp(g_array_index(notes, struct ledger_note, at).name, note.name) != 0)
            at++;
        struct ledger_note *same = &g_array_index(notes, struct ledger_note, at);
        if (at == kept)
            g_array_index(notes, struct ledger_note, kept++) = note;
        else if (note.merge == NOTE_SET || (note.merge == NOTE_LEAST && note.value < same->value) ||
                 (note.merge == NOTE_MOST && note.value > same->value))
            same->value = note.value;
    }
    g_array_set_size(notes, kept);
}

static bool sqlite_commit(gpointer data, GError **err)
{
    struct sqlite *sqlite = data;
    if (sqlite->rows->len == 0 && sqlite->notes->len == 0)
        return true;
    thin_notes(sqlite->notes);
    if (sqlite->rows->len > LARGE_BATCH &&
        !sqlite->api->exec(sqlite->db, "PRAGMA cache_size = -64000", err))
        return false;
    if (!sqlite->api->exec(sqlite->db, "BEGIN IMMEDIATE", err))
        return false;
    const bool done = write_batch(sqlite, err) && sqlite->api->exec(sqlite->db, "COMMIT", err);
    if (!done)
        sqlite->api->exec(sqlite->db, "ROLLBACK", NULL);
    return sqlite_begin(sqlite, NULL) && done;
}

static bool sqlite_find(gpointer data, const struct ledger_hash *id,
                        const struct ledger_hash *sender, const struct ledger_hash *old_sender,
                        bool *found_r, struct sent_record *record_r, GError **err)
{
    (void)old_sender; // an upgrade has bound them
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db,
                              "SELECT time, info FROM entry WHERE hash = ?1 AND info >= 0",
                              &statement, err))
        return false;
    bind_hash(sqlite, statement, 1, id);
    if (!sqlite->api->step(statement, found_r, err))
        return false;
    if (!*found_r)
        return true;
    const gint64 info = sqlite->api->column_int(statement, 1);
    const gint64 tag = info & ~(gint64)INFO_RECIPIENTS;
    *record_r = (struct sent_record){
        .time = sqlite->api->column_int(statement, 0),
        .has_sender = tag != 0,
        .sender_fits = tag != 0 && sender && tag == sender_tag(sender),
        .recipients = (guint)(info & INFO_RECIPIENTS),
    };
    return run(sqlite, statement, err);
}

static bool find_mark(struct sqlite *sqlite, const struct ledger_hash *hash, bool *yes_r,
                      gint64 *time_r, GError **err)
{
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db, "SELECT time FROM entry WHERE hash = ?1 AND info < 0",
                              &statement, err))
        return false;
    bind_hash(sqlite, statement, 1, hash);
    if (!sqlite->api->step(statement, yes_r, err))
        return false;
    if (!*yes_r)
        return true;
    *time_r = sqlite->api->column_int(statement, 0);
    return run(sqlite, statement, err);
}

static bool sqlite_sent_to(gpointer data, const struct ledger_hash *id,
                           const struct ledger_hash *address, const struct ledger_hash *old_address,
                           bool *yes_r, GError **err)
{
    (void)id, (void)old_address;
    gint64 time;
    return find_mark(data, address, yes_r, &time, err);
}

static bool sqlite_wrote_to(gpointer data, const struct ledger_hash *address, bool *yes_r,
                            gint64 *time_r, GError **err)
{
    return find_mark(data, address, yes_r, time_r, err);
}

static bool sqlite_has_fingerprint(gpointer data, const struct ledger_hash *fingerprint,
                                   bool *yes_r, GError **err)
{
    gint64 time;
    return find_mark(data, fingerprint, yes_r, &time, err);
}

static bool sqlite_count_since(gpointer data, gint64 since, gint64 *count_r, GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    bool row;
    if (!sqlite->api->prepare(sqlite->db,
                              "SELECT coalesce(sum(count), 0) FROM hour WHERE hour >= ?1",
                              &statement, err))
        return false;
    sqlite->api->bind_int(statement, 1, since / HOUR);
    if (!sqlite->api->step(statement, &row, err))
        return false;
    *count_r = row ? sqlite->api->column_int(statement, 0) : 0;
    return !row || run(sqlite, statement, err);
}

static bool sqlite_read_notes(gpointer data, const char *const *names, gint64 *values_r,
                              GError **err)
{
    struct sqlite *sqlite = data;
    for (; *names; names++, values_r++) {
        struct db_statement *statement;
        bool row;
        if (!sqlite->api->prepare(sqlite->db, "SELECT value FROM meta WHERE name = ?1", &statement,
                                  err))
            return false;
        sqlite->api->bind_text(statement, 1, *names);
        if (!sqlite->api->step(statement, &row, err))
            return false;
        *values_r = row ? sqlite->api->column_int(statement, 0) : 0;
        if (row && !run(sqlite, statement, err))
            return false;
    }
    return true;
}

static bool sqlite_write_notes(gpointer data, const struct ledger_note *notes, guint count,
                               GError **err)
{
    for (guint i = 0; i < count; i++) {
        if (!write_note(data, &notes[i], err))
            return false;
    }
    return true;
}

static bool sqlite_read_gaps(gpointer data, GArray *gaps, GPtrArray *recorders, GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    bool row;
    if (!sqlite->api->prepare(sqlite->db, "SELECT since, until FROM gap ORDER BY since", &statement,
                              err) ||
        !sqlite->api->step(statement, &row, err))
        return false;
    while (row) {
        const struct ledger_gap gap = {sqlite->api->column_int(statement, 0),
                                       sqlite->api->column_int(statement, 1)};
        g_array_append_val(gaps, gap);
        if (!sqlite->api->step(statement, &row, err))
            return false;
    }
    if (!sqlite->api->prepare(sqlite->db, "SELECT name, alive FROM recorder", &statement, err) ||
        !sqlite->api->step(statement, &row, err))
        return false;
    while (row) {
        struct ledger_recorder *recorder = g_new0(struct ledger_recorder, 1);
        recorder->name = g_strdup(sqlite->api->column_text(statement, 0));
        recorder->alive = sqlite->api->column_int(statement, 1);
        g_ptr_array_add(recorders, recorder);
        if (!sqlite->api->step(statement, &row, err))
            return false;
    }
    return true;
}

static bool sqlite_add_gap(gpointer data, const struct ledger_gap *gap, GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db,
                              "INSERT OR IGNORE INTO gap (since, until) VALUES (?1, ?2)",
                              &statement, err))
        return false;
    sqlite->api->bind_int(statement, 1, gap->from);
    sqlite->api->bind_int(statement, 2, gap->until);
    return run(sqlite, statement, err);
}

static bool sqlite_set_alive(gpointer data, const char *name, gint64 time, GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db,
                              time ? "INSERT INTO recorder (name, alive) VALUES (?1, ?2)"
                                     " ON CONFLICT (name) DO UPDATE SET alive = excluded.alive"
                                   : "DELETE FROM recorder WHERE name = ?1",
                              &statement, err))
        return false;
    sqlite->api->bind_text(statement, 1, name);
    if (time)
        sqlite->api->bind_int(statement, 2, time);
    return run(sqlite, statement, err);
}

static bool sqlite_forget_one(gpointer data, const struct ledger_hash *hash, gint64 *count_r,
                              GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    if (!sqlite->api->prepare(sqlite->db,
                              "UPDATE meta SET value = max(0, value - (SELECT count(*) FROM entry"
                              " WHERE hash = ?1 AND info >= 0)) WHERE name = 'count'",
                              &statement, err))
        return false;
    bind_hash(sqlite, statement, 1, hash);
    if (!run(sqlite, statement, err) ||
        !sqlite->api->prepare(sqlite->db, "DELETE FROM entry WHERE hash = ?1", &statement, err))
        return false;
    bind_hash(sqlite, statement, 1, hash);
    if (!run(sqlite, statement, err))
        return false;
    *count_r = sqlite->api->changes(sqlite->db);
    return true;
}

static bool sqlite_forget_since(gpointer data, gint64 since, gint64 *count_r, GError **err)
{
    static const char *const sql[] = {
        ("UPDATE meta SET value = max(0, value - (SELECT count(*) FROM entry WHERE added >= ?1 AND"
         " info >= 0)) WHERE name = 'count'"),
        "DELETE FROM hour WHERE hour >= ?1 / 3600",
        "DELETE FROM entry WHERE added >= ?1",
    };
    struct sqlite *sqlite = data;
    for (gsize i = 0; i < G_N_ELEMENTS(sql); i++) {
        struct db_statement *statement;
        if (!sqlite->api->prepare(sqlite->db, sql[i], &statement, err))
            return false;
        sqlite->api->bind_int(statement, 1, since);
        if (!run(sqlite, statement, err))
            return false;
    }
    *count_r = sqlite->api->changes(sqlite->db);
    return true;
}

static bool sqlite_each_day(gpointer data, ledger_day_visit visit, gpointer visit_data,
                            GError **err)
{
    struct sqlite *sqlite = data;
    struct db_statement *statement;
    bool row;
    if (!sqlite->api->prepare(sqlite->db,
                              "SELECT added / 86400 * 86400, count(*), min(nullif(time, 0)),"
                              " max(time) FROM entry WHERE info >= 0 GROUP BY 1 ORDER BY 1",
                              &statement, err))
        return false;
    while (sqlite->api->step(statement, &row, err)) {
        if (!row)
            return true;
        visit(sqlite->api->column_int(statement, 0), sqlite->api->column_int(statement, 1),
              sqlite->api->column_int(statement, 2), sqlite->api->column_int(statement, 3),
              visit_data);
    }
    return false;
}

static bool sqlite_prune(gpointer data, gint64 now, gint64 keep_seconds, GError **err)
{
    static const char *const names[] = {"first", "swept", NULL};
    struct sqlite *sqlite = data;
    gint64 values[2];
    if (!sqlite_read_notes(sqlite, names, values, err))
        return false;
    const gint64 before = now - keep_seconds;
    if (values[0] == 0 || values[0] >= before || values[1] > now - MIN(keep_seconds, SWEEP_SECONDS))
        return true;
    if (!sqlite->api->exec(sqlite->db, "BEGIN IMMEDIATE", err))
        return false;
    const struct sqlite_sweep sweep = {now, before, PRUNE_ROWS};
    if (sqlite_forget(sqlite->api, sqlite->db, &sweep, err))
        return sqlite->api->exec(sqlite->db, "COMMIT", err);
    sqlite->api->exec(sqlite->db, "ROLLBACK", NULL);
    return false;
}

const struct ledger_backend ledger_sqlite = {
    .open = sqlite_open,
    .free = sqlite_free,
    .prepare = sqlite_prepare,
    .record = sqlite_record,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .prune = sqlite_prune,
    .find = sqlite_find,
    .sent_to = sqlite_sent_to,
    .wrote_to = sqlite_wrote_to,
    .has_fingerprint = sqlite_has_fingerprint,
    .count_since = sqlite_count_since,
    .forget = sqlite_forget_one,
    .forget_since = sqlite_forget_since,
    .each_day = sqlite_each_day,
    .read_notes = sqlite_read_notes,
    .write_notes = sqlite_write_notes,
    .read_gaps = sqlite_read_gaps,
    .add_gap = sqlite_add_gap,
    .set_alive = sqlite_set_alive,
};
