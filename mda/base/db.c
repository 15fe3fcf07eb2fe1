// SPDX-License-Identifier: MIT
// The module backstop-db.so: the one file that knows SQLite (version 3.24 and later).
#include "base/db.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// No wait for another writer is longer than this, whatever the deadline is.
#define BUSY_MAX_MS 10000
#define WAL_PAUSE_US 5000
// A hostile message must not make the database grow the process beyond this.
#define CACHE_KIB 2000

struct db {
    sqlite3 *handle;
    char *path;
    GHashTable *statements; // SQL -> struct db_statement
};

struct db_statement {
    struct db *db;
    sqlite3_stmt *handle;
};

static bool fail(struct db *db, const char *what, GError **err)
{
    const int code = sqlite3_errcode(db->handle);
    return mda_fail(err, code == SQLITE_CANTOPEN ? MDA_ERROR_GONE : MDA_ERROR_TEMP, "%s: %s: %s",
                    db->path, what, sqlite3_errmsg(db->handle));
}

static void statement_free(gpointer data)
{
    struct db_statement *statement = data;
    sqlite3_finalize(statement->handle);
    g_free(statement);
}

static void db_close(struct db *db)
{
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    sqlite3_close(db->handle);
    g_free(db->path);
    g_free(db);
}

static bool db_exec(struct db *db, const char *sql, GError **err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, "exec", err);
}

// Is PATH a file that may be opened? Made first, with its mode, when MODE asks for that, since
// SQLite would use the umask.
static bool prepare_file(const char *path, enum db_mode mode, GError **err)
{
    if (mode == DB_CREATE) {
        g_autofree char *directory = g_path_get_dirname(path);
        if (!files_make_path(directory, 0700, false, err))
            return false;
    }
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (mode == DB_READ ? O_RDONLY : O_RDWR) |
                      (mode == DB_CREATE ? O_CREAT : 0);
    mda_autofd fd = open(path, flags, 0600);
    struct stat status;
    if (fd < 0 && errno == ENOENT)
        return mda_fail(err, MDA_ERROR_GONE, "%s: is not there", path);
    if (fd < 0 || fstat(fd, &status) < 0)
        return mda_fail_errno(err, errno, "open %s", path);
    if (!S_ISREG(status.st_mode) || status.st_nlink > 1)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: is no regular file of one name", path);
    return true;
}

// SQLite refuses at once, without its wait for other writers, while another process is at this very
// change; so the wait is here.
static bool use_wal(struct db *db, struct deadline deadline, GError **err)
{
    while (sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK) {
        if (sqlite3_errcode(db->handle) != SQLITE_BUSY || deadline_passed(&deadline))
            return fail(db, "write-ahead log", err);
        g_usleep(WAL_PAUSE_US);
    }
    return true;
}

static bool configure(struct db *db, enum db_mode mode, struct deadline deadline, GError **err)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
#ifdef SQLITE_DBCONFIG_TRUSTED_SCHEMA
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
#endif
    g_autofree char *cache = g_strdup_printf("PRAGMA cache_size = -%d", CACHE_KIB);
    if (!db_exec(db, cache, err))
        return false;
    if (mode == DB_READ)
        return true;
    // Where the file system cannot share memory, SQLite stays with its rollback journal.
    if (!use_wal(db, deadline, err) ||
        !db_exec(db, "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 1000000", err))
        return false;
    int keep = 1;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    return true;
}

static bool db_open(const char *path, enum db_mode mode, struct deadline deadline, struct db **db_r,
                    GError **err)
{
    if (!prepare_file(path, mode, err))
        return false;
    struct db *db = g_new0(struct db, 1);
    db->path = g_strdup(path);
    db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, statement_free);
    const int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
        fail(db, "open", err);
        db_close(db);
        return false;
    }
    sqlite3_busy_timeout(db->handle, CLAMP(deadline_left(&deadline), 1, BUSY_MAX_MS));
    if (!configure(db, mode, deadline_sooner(deadline, deadline_in(BUSY_MAX_MS)), err)) {
        db_close(db);
        return false;
    }
    *db_r = db;
    return true;
}

static bool db_prepare(struct db *db, const char *sql, struct db_statement **statement_r,
                       GError **err)
{
    struct db_statement *statement = g_hash_table_lookup(db->statements, sql);
    if (statement) {
        sqlite3_reset(statement->handle);
        sqlite3_clear_bindings(statement->handle);
        *statement_r = statement;
        return true;
    }
    sqlite3_stmt *handle;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL) != SQLITE_OK)
        return fail(db, "prepare", err);
    statement = g_new0(struct db_statement, 1);
    statement->db = db;
    statement->handle = handle;
    g_hash_table_insert(db->statements, g_strdup(sql), statement);
    *statement_r = statement;
    return true;
}

static void db_bind_int(struct db_statement *statement, int at, gint64 value)
{
    sqlite3_bind_int64(statement->handle, at, value);
}

static void db_bind_text(struct db_statement *statement, int at, const char *text)
{
    sqlite3_bind_text(statement->handle, at, text, -1, SQLITE_TRANSIENT);
}

static void db_bind_blob(struct db_statement *statement, int at, gconstpointer data, gsize size)
{
    sqlite3_bind_blob64(statement->handle, at, data, size, SQLITE_TRANSIENT);
}

static bool db_step(struct db_statement *statement, bool *row_r, GError **err)
{
    const int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return fail(statement->db, "step", err);
    *row_r = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        sqlite3_reset(statement->handle); // ends its read transaction
    return true;
}

static gint64 db_column_int(struct db_statement *statement, int at)
{
    return sqlite3_column_int64(statement->handle, at);
}

static const char *db_column_text(struct db_statement *statement, int at)
{
    return (const char *)sqlite3_column_text(statement->handle, at);
}

static gconstpointer db_column_blob(struct db_statement *statement, int at, gsize *size_r)
{
    gconstpointer data = sqlite3_column_blob(statement->handle, at);
    *size_r = (gsize)sqlite3_column_bytes(statement->handle, at);
    return data;
}

static gint64 db_changes(struct db *db)
{
    return sqlite3_changes(db->handle);
}

extern const struct db_api MODULE_SYMBOL;
const struct db_api MODULE_SYMBOL = {
    .head = {PACKAGE_VERSION},
    .open = db_open,
    .close = db_close,
    .exec = db_exec,
    .prepare = db_prepare,
    .bind_int = db_bind_int,
    .bind_text = db_bind_text,
    .bind_blob = db_bind_blob,
    .step = db_step,
    .column_int = db_column_int,
    .column_text = db_column_text,
    .column_blob = db_column_blob,
    .changes = db_changes,
};
