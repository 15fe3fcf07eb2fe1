// SPDX-License-Identifier: MIT
#include "ledger/learnt.h"

#include "base/address.h"
#include "ledger/form.h"
#include "ledger/ledger.h"

#include <string.h>

// More answers than are looked at, for several accounts.
#define KEEP_MAX 2000

bool learnt_note_sent(struct state *state, const char *account, const char *name,
                      const char *message_id, gint64 when, GError **err)
{
    struct db_statement *statement;
    struct id_form form = {NULL, NULL};
    if (!account || !message_id || !id_form_of(message_id, &form))
        return true;
    // The last letter of an mbox is seen again and again: it may have grown.
    const bool prepared = state_prepare(
        state, &statement, err,
        "INSERT INTO sent_form (account, name, domain, shape, count, first, last) VALUES"
        " (?1, ?2, ?3, ?4, 1, ?5, ?5) ON CONFLICT (account, name, domain, shape) DO UPDATE SET"
        " count = count + (last <> excluded.last), first = min(first, excluded.first), last = "
        "max(last, excluded.last)",
        account, name ? name : "", form.domain, form.shape, NULL);
    id_form_clear(&form);
    if (!prepared)
        return false;
    state->api->bind_int(statement, 5, when);
    return state_run(state, statement, err);
}

char *learnt_account(struct state *state, const char *address)
{
    g_autofree char *plain = address_plain(address);
    struct db_statement *statement;
    gint64 count;
    const bool own = plain &&
                     state_prepare(state, &statement, NULL,
                                   "SELECT count FROM own WHERE address = ?1", plain, NULL) &&
                     state_number(state, statement, 0, &count, NULL) && count > 0;
    return own ? g_steal_pointer(&plain) : NULL;
}

bool learnt_note_answer(struct state *state, const char *account, const char *answered, gint64 when,
                        GError **err)
{
    struct db_statement *statement;
    struct id_form form = {NULL, NULL};
    if (!id_form_of(answered, &form))
        return true;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, answered, -1);
    const bool prepared =
        state_prepare(state, &statement, err,
                      "INSERT OR IGNORE INTO answer (id, account, domain, shape, answered, time,"
                      " known) VALUES (?1, ?2, ?3, ?4, ?5, ?6, -1)",
                      hash, account, form.domain, form.shape, answered, NULL);
    id_form_clear(&form);
    if (!prepared)
        return false;
    state->api->bind_int(statement, 6, when);
    return state_run(state, statement, err);
}

// 63 bits of it: enough to tell a user's mail apart.
static gint64 id_hash(const char *message_id)
{
    guint8 digest[32];
    gsize size = sizeof digest;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *bare = g_strndup(message_id + strspn(message_id, " <\t"),
                                      strcspn(message_id + strspn(message_id, " <\t"), "> \t"));
    g_checksum_update(checksum, (const guchar *)bare, -1);
    g_checksum_get_digest(checksum, digest, &size);
    gint64 hash = 0;
    for (int i = 0; i < 8; i++)
        hash = (gint64)((guint64)hash << 8 | digest[i]);
    return hash & G_MAXINT64;
}

bool learnt_note_received(struct state *state, const char *message_id, GError **err)
{
    struct db_statement *statement;
    if (!state_prepare(state, &statement, err, "INSERT OR IGNORE INTO received VALUES (?1)", NULL))
        return false;
    state->api->bind_int(statement, 1, id_hash(message_id));
    return state_run(state, statement, err);
}

bool learnt_was_received(struct state *state, const char *message_id, bool *yes_r, GError **err)
{
    struct db_statement *statement;
    gint64 found;
    if (!state_prepare(state, &statement, err, "SELECT 1 FROM received WHERE hash = ?1", NULL))
        return false;
    state->api->bind_int(statement, 1, id_hash(message_id));
    if (!state_number(state, statement, 0, &found, err))
        return false;
    *yes_r = found != 0;
    return true;
}

bool learnt_is_name(struct state *state, const char *name)
{
    struct db_statement *statement;
    gint64 found;
    return state_prepare(state, &statement, NULL,
                         "SELECT 1 FROM sent_form WHERE name = ?1 COLLATE NOCASE AND name <> ''",
                         name, NULL) &&
           state_number(state, statement, 0, &found, NULL) && found != 0;
}

struct pending {
    char *id, *answered;
};

static void clear_pending(gpointer data)
{
    struct pending *pending = data;
    g_free(pending->id);
    g_free(pending->answered);
}

static GArray *read_pending(struct state *state, guint max, GError **err)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct pending));
    struct db_statement *statement;
    bool row;
    g_array_set_clear_func(all, clear_pending);
    if (!state_prepare(state, &statement, err,
                       "SELECT id, answered FROM answer WHERE known < 1 ORDER BY known, time DESC"
                       " LIMIT ?1",
                       NULL))
        return NULL;
    state->api->bind_int(statement, 1, max);
    while (state->api->step(statement, &row, err)) {
        if (!row)
            return g_steal_pointer(&all);
        const struct pending pending = {g_strdup(state->api->column_text(statement, 0)),
                                        g_strdup(state->api->column_text(statement, 1))};
        g_array_append_val(all, pending);
    }
    return NULL;
}

static bool settle(struct state *state, struct ledger *sent, const struct pending *pending,
                   GError **err)
{
    struct db_statement *statement;
    struct sent_record record;
    bool others, known = false;
    if (!learnt_was_received(state, pending->answered, &others, err) ||
        (!others && !ledger_find(sent, pending->answered, NULL, &known, &record, err)) ||
        !state_prepare(state, &statement, err,
                       others ? "DELETE FROM answer WHERE id = ?1"
                              : "UPDATE answer SET known = ?2 WHERE id = ?1",
                       pending->id, NULL))
        return false;
    if (!others)
        state->api->bind_int(statement, 2, known);
    return state_run(state, statement, err);
}

static bool forget_oldest(struct state *state, GError **err)
{
    struct db_statement *statement;
    if (!state_prepare(state, &statement, err,
                       "DELETE FROM answer WHERE known >= 0 AND time < (SELECT time FROM answer"
                       " ORDER BY time DESC LIMIT 1 OFFSET ?1)",
                       NULL))
        return false;
    state->api->bind_int(statement, 1, KEEP_MAX);
    return state_run(state, statement, err);
}

bool learnt_settle_answers(struct state *state, struct ledger *sent, guint max, GError **err)
{
    g_autoptr(GArray) pending = read_pending(state, max, err);
    if (!pending)
        return false;
    for (guint i = 0; i < pending->len; i++) {
        if (!settle(state, sent, &g_array_index(pending, struct pending, i), err))
            return false;
    }
    return forget_oldest(state, err);
}

bool learnt_note_relay(struct state *state, const char *organisation, const char *id, gint64 when,
                       GError **err)
{
    struct db_statement *statement;
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
    if (!state_prepare(state, &statement, err,
                       "INSERT OR IGNORE INTO relay (organisation, id, time) VALUES (?1, ?2, ?3)",
                       organisation, hash, NULL))
        return false;
    state->api->bind_int(statement, 3, when);
    return state_run(state, statement, err);
}

GPtrArray *learnt_relays(struct state *state, gint64 now, guint *posts_r, guint *strange_r)
{
    GPtrArray *organisations = g_ptr_array_new_with_free_func(g_free);
    struct db_statement *statement;
    bool row;
    guint posts = 0;
    *posts_r = *strange_r = 0;
    if (!state_prepare(state, &statement, NULL,
                       "SELECT organisation, min(time), (SELECT count(DISTINCT id) FROM relay"
                       " WHERE time > ?1), (SELECT min(time) FROM relay WHERE time > ?1)"
                       " FROM relay WHERE time > ?1 GROUP BY organisation",
                       NULL))
        return organisations;
    state->api->bind_int(statement, 1, now - LEARNT_KEEP_SECONDS);
    while (state->api->step(statement, &row, NULL) && row) {
        g_ptr_array_add(organisations, g_strdup(state->api->column_text(statement, 0)));
        *strange_r += state->api->column_int(statement, 1) > state->api->column_int(statement, 3);
        posts = (guint)state->api->column_int(statement, 2);
    }
    *posts_r = posts;
    return organisations;
}

static char *word_hash(const char *kind, const char *fact)
{
    g_autofree char *text = g_strconcat(kind, " ", fact, NULL);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

bool learnt_note_word(struct state *state, const char *kind, const char *fact, bool genuine,
                      gint64 when, GError **err)
{
    struct db_statement *statement;
    g_autofree char *hash = word_hash(kind, fact);
    if (!state_prepare(state, &statement, err,
                       "INSERT INTO word (kind, fact, said, time) VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT (kind, fact) DO UPDATE SET time = excluded.time, said ="
                       " CASE said WHEN 'genuine' THEN said ELSE excluded.said END",
                       kind, hash, genuine ? "genuine" : "backscatter", NULL))
        return false;
    state->api->bind_int(statement, 4, when);
    return state_run(state, statement, err);
}

enum learnt_word learnt_word(struct state *state, const char *kind, const char *fact, gint64 now)
{
    struct db_statement *statement;
    gint64 said;
    g_autofree char *hash = word_hash(kind, fact);
    if (!state_prepare(state, &statement, NULL,
                       "SELECT CASE said WHEN 'genuine' THEN 1 ELSE 2 END FROM word WHERE"
                       " kind = ?1 AND fact = ?2 AND time > ?3",
                       kind, hash, NULL))
        return WORD_NONE;
    state->api->bind_int(statement, 3, now - LEARNT_KEEP_SECONDS);
    return state_number(state, statement, 0, &said, NULL) ? (enum learnt_word)said : WORD_NONE;
}

bool learnt_reset(struct state *state, GError **err)
{
    return state->api->exec(state->db,
                            "DELETE FROM sent_form; DELETE FROM answer; DELETE FROM relay;"
                            "DELETE FROM received; DELETE FROM word; DELETE FROM seen;"
                            "DELETE FROM folder; DELETE FROM own; DELETE FROM id_domain;",
                            err);
}
