// SPDX-License-Identifier: MIT
#include "ledger/memory.h"

#include "base/clock.h"
#include "ledger/state.h"

#define MEMORY_MILLISECONDS 3000

static bool open_memory(const struct conf *conf, struct state **state_r, GError **err)
{
    static const char schema[] =
        "CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY, until INTEGER) WITHOUT ROWID";
    if (!state_open(conf, deadline_in(MEMORY_MILLISECONDS), state_r, err))
        return false;
    if ((*state_r)->api->exec((*state_r)->db, schema, err))
        return true;
    g_clear_pointer(state_r, state_free);
    return false;
}

bool memory_has(const struct conf *conf, const char *key, gint64 now, GError **err)
{
    g_autoptr(State) state = NULL;
    struct db_statement *statement;
    gint64 until = 0;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    return open_memory(conf, &state, err) &&
           state_prepare(state, &statement, err, "SELECT until FROM done WHERE key = ?1", hash,
                         NULL) &&
           state_number(state, statement, 0, &until, err) && until > now;
}

bool memory_keep(const struct conf *conf, const char *key, gint64 now, gint64 seconds, GError **err)
{
    g_autoptr(State) state = NULL;
    struct db_statement *statement;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    if (!open_memory(conf, &state, err) ||
        !state_prepare(state, &statement, err, "DELETE FROM done WHERE until <= ?1", NULL))
        return false;
    state->api->bind_int(statement, 1, now);
    if (!state_run(state, statement, err) ||
        !state_prepare(state, &statement, err,
                       "INSERT INTO done (key, until) VALUES (?1, ?2) ON CONFLICT (key)"
                       " DO UPDATE SET until = max(until, excluded.until)",
                       hash, NULL))
        return false;
    state->api->bind_int(statement, 2, now + MIN(seconds, G_MAXINT32));
    return state_run(state, statement, err);
}

bool memory_forget(const struct conf *conf, const char *key, GError **err)
{
    g_autoptr(State) state = NULL;
    struct db_statement *statement;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    return open_memory(conf, &state, err) &&
           state_prepare(state, &statement, err, "DELETE FROM done WHERE key = ?1", hash, NULL) &&
           state_run(state, statement, err);
}
