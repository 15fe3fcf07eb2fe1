// SPDX-License-Identifier: MIT
// The door to SQLite: a table of functions in the module backstop-db.so, loaded by the first
// db_load(). Databases are opened so that many processes may write at once: write-ahead log, waits
// bounded by a deadline, -wal and -shm kept in place so that users who may only read can open it.
#pragma once

#include "base/clock.h"
#include "base/module.h"

#include <stdbool.h>

struct db;           // an open database
struct db_statement; // a prepared statement

enum db_mode {
    DB_READ,   // it must be there; nothing is written
    DB_WRITE,  // it must be there
    DB_CREATE, // made when missing, mode 0600, its directory too
};

struct db_api {
    struct module_head head;

    // Opens PATH, never through a symbolic link. Waiting for other writers ends at DEADLINE. False
    // with *err: MDA_ERROR_GONE when it is not there, else MDA_ERROR_TEMP.
    bool (*open)(const char *path, enum db_mode mode, struct deadline deadline, struct db **db_r,
                 GError **err);
    void (*close)(struct db *db); // NULL is harmless; an open transaction is rolled back

    // Runs statements without parameters and results: schema, BEGIN IMMEDIATE, COMMIT.
    bool (*exec)(struct db *db, const char *sql, GError **err);

    // Prepares SQL; the statement belongs to DB and lives until that is closed. The same SQL gives
    // the same statement again, reset and without parameters.
    bool (*prepare)(struct db *db, const char *sql, struct db_statement **statement_r,
                    GError **err);

    // Parameters count from 1. The bytes are copied.
    void (*bind_int)(struct db_statement *statement, int at, gint64 value);
    void (*bind_text)(struct db_statement *statement, int at, const char *text); // NULL: null
    void (*bind_blob)(struct db_statement *statement, int at, gconstpointer data, gsize size);

    // The next row: *ROW_R tells whether there is one. Columns count from 0 and are borrowed until
    // the next step or prepare.
    bool (*step)(struct db_statement *statement, bool *row_r, GError **err);
    gint64 (*column_int)(struct db_statement *statement, int at);
    const char *(*column_text)(struct db_statement *statement, int at); // NULL for null
    gconstpointer (*column_blob)(struct db_statement *statement, int at, gsize *size_r);

    gint64 (*changes)(struct db *db); // rows that the last statement changed
};

// The table; NULL with *err when the module cannot be loaded.
static inline const struct db_api *db_load(GError **err)
{
    return (const struct db_api *)module_load("db", err);
}
