// SPDX-License-Identifier: MIT
// The user's state file: what sources of evidence remember from one message to the next. Losing it
// costs nothing but the work of finding out again, so it is never synced.
#pragma once

#include "base/db.h"
#include "conf/conf.h"

struct state {
    const struct db_api *api;
    struct db *db;
};

// Opens state.sqlite in [state] directory, made when missing.
bool state_open(const struct conf *conf, struct deadline deadline, struct state **state_r,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;
void state_free(struct state *state);

// Prepares SQL and binds the text parameters that follow, up to NULL.
bool state_prepare(struct state *state, struct db_statement **statement_r, GError **err,
                   const char *sql, ...) G_GNUC_NULL_TERMINATED G_GNUC_WARN_UNUSED_RESULT;

// Runs it to its end.
bool state_run(struct state *state, struct db_statement *statement,
               GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The first column of its first row as a number; FALLBACK when there is none.
bool state_number(struct state *state, struct db_statement *statement, gint64 fallback,
                  gint64 *value_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

typedef struct state State;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(State, state_free)
