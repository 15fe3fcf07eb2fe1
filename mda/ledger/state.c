// SPDX-License-Identifier: MIT
// Tables:
//   folder     what of a folder of sent mail has been indexed: all up to a change, or an offset
//   seen       the messages of a folder that are indexed, by name
//   id_domain  what stands behind the @ of the Message-IDs found there
//   own        the addresses that stand in From and Sender there
//   wave       the reports of the last days that nothing decided
//   flood      the reports of the last days: the subject of the original, where it came from
//   spf        answers of SPF, with the time until which they hold
//   sent_form  the forms of the Message-IDs that each address and name of the user's writes
//   answer     answers to him: the form of the id that each names, and whether Sent has that
//   relay      organisations through which posts of his left that came back
//   received   hashes of the Message-IDs that others wrote to him
//   word       what he said of reports: genuine or backscatter
#include "ledger/state.h"

#include "base/error.h"

#include <stdarg.h>

#define SCHEMA_VERSION 4

// A new version keeps more of each message in a folder of sent mail: all are read again.
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "DROP TABLE IF EXISTS folder; DROP TABLE IF EXISTS seen; DROP TABLE IF EXISTS id_domain;"
    "DROP TABLE IF EXISTS own;"
    "CREATE TABLE IF NOT EXISTS own (address TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS folder (path TEXT PRIMARY KEY, changed INTEGER, end INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS seen (path TEXT, name TEXT, PRIMARY KEY (path, name))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS id_domain (domain TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS wave (id TEXT PRIMARY KEY, user TEXT, time INTEGER, subject TEXT,"
    " origin TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS wave_time ON wave (user, time);"
    "CREATE TABLE IF NOT EXISTS flood (id TEXT PRIMARY KEY, user TEXT, time INTEGER, words TEXT,"
    " origin TEXT, form TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS flood_time ON flood (user, time);"
    "CREATE TABLE IF NOT EXISTS spf (question TEXT PRIMARY KEY, answer TEXT, until INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sent_form (account TEXT, name TEXT, domain TEXT, shape TEXT,"
    " count INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (account, name, domain, shape))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS answer (id TEXT PRIMARY KEY, account TEXT, domain TEXT, shape TEXT,"
    " answered TEXT, time INTEGER, known INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS answer_time ON answer (time);"
    "CREATE TABLE IF NOT EXISTS relay (organisation TEXT, id TEXT, time INTEGER,"
    " PRIMARY KEY (organisation, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS received (hash INTEGER PRIMARY KEY);"
    "CREATE TABLE IF NOT EXISTS word (kind TEXT, fact TEXT, time INTEGER, said TEXT,"
    " PRIMARY KEY (kind, fact)) WITHOUT ROWID;"
    "PRAGMA user_version = " G_STRINGIFY(SCHEMA_VERSION) ";"
                                                         "COMMIT;";

static bool make_schema(struct state *state, GError **err)
{
    struct db_statement *statement;
    gint64 version;
    if (!state_prepare(state, &statement, err, "PRAGMA user_version", NULL) ||
        !state_number(state, statement, 0, &version, err))
        return false;
    if (version > SCHEMA_VERSION)
        return mda_fail(err, MDA_ERROR_TEMP, "state.sqlite was made by a later version");
    return version == SCHEMA_VERSION || state->api->exec(state->db, schema, err);
}

bool state_open(const struct conf *conf, struct deadline deadline, struct state **state_r,
                GError **err)
{
    const struct db_api *api = db_load(err);
    if (!api)
        return false;
    g_autofree char *path =
        g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), "state.sqlite", NULL);
    struct state *state = g_new0(struct state, 1);
    state->api = api;
    if (!api->open(path, DB_CREATE, deadline, &state->db, err) || !make_schema(state, err) ||
        !api->exec(state->db, "PRAGMA synchronous = OFF", err)) {
        state_free(state);
        return false;
    }
    *state_r = state;
    return true;
}

void state_free(struct state *state)
{
    if (!state)
        return;
    state->api->close(state->db);
    g_free(state);
}

bool state_prepare(struct state *state, struct db_statement **statement_r, GError **err,
                   const char *sql, ...)
{
    if (!state->api->prepare(state->db, sql, statement_r, err))
        return false;
    va_list arguments;
    va_start(arguments, sql);
    const char *text;
    for (int at = 1; (text = va_arg(arguments, const char *)); at++)
        state->api->bind_text(*statement_r, at, text);
    va_end(arguments);
    return true;
}

bool state_run(struct state *state, struct db_statement *statement, GError **err)
{
    bool row;
    do {
        if (!state->api->step(statement, &row, err))
            return false;
    } while (row);
    return true;
}

bool state_number(struct state *state, struct db_statement *statement, gint64 fallback,
                  gint64 *value_r, GError **err)
{
    bool row;
    if (!state->api->step(statement, &row, err))
        return false;
    const gint64 value = row ? state->api->column_int(statement, 0) : fallback;
    if (row && !state_run(state, statement, err))
        return false;
    *value_r = value;
    return true;
}
