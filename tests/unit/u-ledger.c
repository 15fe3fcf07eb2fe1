// SPDX-License-Identifier: MIT
// The ledger in SQLite: what goes in comes out, many write at once, nothing can be read from the
// file without the key, old records go.
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "ledger/sentfolder.h"

#include "base/db.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WRITERS 8
#define RECORDS_EACH 20
#define MAKING_ROUNDS 20

struct fixture {
    char *directory, *path;
};

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->directory = g_dir_make_tmp("backstop-u-ledger.XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "ledger.sqlite", NULL);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture);
    return 0;
}

static struct ledger *open_ledger(const struct fixture *fixture, gint64 keep)
{
    struct ledger *ledger = NULL;
    g_autoptr(GError) err = NULL;
    if (!ledger_open_file(fixture->path, keep, LEDGER_WRITE, deadline_in(20000), &ledger, &err))
        fail_msg("%s", err->message);
    return ledger;
}

static void put(struct ledger *ledger, const char *id, gint64 time, const char *recipient)
{
    const char *recipients[] = {recipient, NULL};
    const struct sent_message message = {.message_id = id,
                                         .time = time,
                                         .sender = "alice@example.org",
                                         .recipients = recipient ? recipients : NULL};
    assert_true(ledger_record(ledger, &message, NULL));
}

static void ask_as(struct ledger *ledger, const char *address)
{
    g_autoptr(GPtrArray) askers = g_ptr_array_new();
    g_ptr_array_add(askers, (gpointer)address);
    ledger_ask_as(ledger, askers);
}

static void test_record_and_find(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    put(ledger, "<a@example.org>", 1000, "Bob@example.net");
    put(ledger, "<a@example.org>", 2000, "carol@example.net");
    ask_as(ledger, "alice@example.org");
    struct sent_record found;
    bool yes;
    gint64 when;
    assert_true(ledger_find(ledger, "a@EXAMPLE.org", "prvs=0001abcdef=alice@example.org", &yes,
                            &found, NULL));
    assert_true(yes);
    assert_int_equal(found.time, 1000);
    assert_true(found.recipients > 0);
    assert_true(found.sender_fits);
    assert_true(ledger_find(ledger, "<b@example.org>", NULL, &yes, &found, NULL));
    assert_false(yes);
    assert_true(ledger_sent_to(ledger, "<a@example.org>", "bob@EXAMPLE.net", &yes, NULL));
    assert_true(yes);
    assert_true(ledger_sent_to(ledger, "<a@example.org>", "dora@example.net", &yes, NULL));
    assert_false(yes);
    assert_true(ledger_wrote_to(ledger, "carol@example.net", &yes, &when, NULL));
    assert_true(yes);
    assert_int_equal(when, 2000);
    assert_true(ledger_wrote_to(ledger, "@example.net", &yes, &when, NULL));
    assert_true(yes);
}

// A mail is known by whom it was sent to when, and by its Date and Subject.
static void test_fingerprints(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    const char *recipients[] = {"Bob@example.net", NULL};
    const struct sent_message message = {.message_id = "<a@example.org>",
                                         .time = 100000,
                                         .recipients = recipients,
                                         .date = 100000,
                                         .subject = "Gr\xc3\xbc\xc3\x9f"
                                                    "e  AN alle"};
    assert_true(ledger_record(ledger, &message, NULL));
    static const struct {
        const char *address;
        gint64 from, until;
        bool yes;
    } near[] = {
        {"bob@EXAMPLE.net", 100000 - 300, 100000 + 300, true},
        {"bob@example.net", 100000, 100000, true},
        {"bob@example.net", 100000 + 600, 100000 + 1200, false},
        {"bob@example.net", 0, 100000 - 600, false},
        {"carol@example.net", 100000 - 300, 100000 + 300, false},
    };
    bool yes;
    for (gsize i = 0; i < G_N_ELEMENTS(near); i++) {
        assert_true(
            ledger_sent_near(ledger, near[i].address, near[i].from, near[i].until, &yes, NULL));
        assert_int_equal(yes, near[i].yes);
    }
    static const struct {
        gint64 date;
        const char *subject;
        bool yes;
    } alike[] = {
        {100000,
         "gr\xc3\xbc\xc3\x9f"
         "e an  Alle ",
         true},
        {100001,
         "gr\xc3\xbc\xc3\x9f"
         "e an alle",
         false},
        {100000, "Cheap pills", false},
        {100000, "", false},
        {100000, NULL, false},
        {0,
         "gr\xc3\xbc\xc3\x9f"
         "e an alle",
         false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(alike); i++) {
        assert_true(ledger_sent_alike(ledger, alike[i].date, alike[i].subject, &yes, NULL));
        assert_int_equal(yes, alike[i].yes);
    }
}

static void test_extent(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    struct ledger_extent extent;
    put(ledger, "<a@example.org>", 5000, NULL);
    put(ledger, "<b@example.org>", 3000, NULL);
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.messages, 2);
    assert_int_equal(extent.since, 3000);
    assert_false(extent.has_recipients);
    put(ledger, "<c@example.org>", 0, "bob@example.net");
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.since, 3000); // a record without a time does not make it reach further
    assert_false(extent.has_recipients);  // for nobody: alice wrote
    ask_as(ledger, "alice@example.org");
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_true(extent.has_recipients);
    assert_int_equal(extent.forgot_until, 0);
}

static void test_forgets(void **state)
{
    {
        g_autoptr(Ledger) ledger = open_ledger(*state, 3600);
        put(ledger, "<a@example.org>", 1000, "bob@example.net");
        assert_true(ledger_prune(ledger, NULL));
        struct sent_record found;
        bool yes;
        assert_true(ledger_find(ledger, "<a@example.org>", NULL, &yes, &found, NULL));
        assert_true(yes); // old mail, recorded just now
    }
    g_usleep(2100000);
    g_autoptr(Ledger) ledger = open_ledger(*state, 1);
    struct sent_record found;
    struct ledger_extent extent;
    bool yes;
    gint64 when;
    assert_true(ledger_prune(ledger, NULL));
    assert_true(ledger_find(ledger, "<a@example.org>", NULL, &yes, &found, NULL));
    assert_false(yes);
    assert_true(ledger_wrote_to(ledger, "bob@example.net", &yes, &when, NULL));
    assert_false(yes);
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.forgot_until, 1000);
}

// Neither names nor addresses stand in any of the files, and only the owner can read them.
static void test_secrecy(void **state)
{
    struct fixture *fixture = *state;
    struct ledger *ledger = open_ledger(fixture, 0);
    put(ledger, "<marker-one@example.org>", 1000, "marker-two@example.net");
    ledger_free(ledger);
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    const char *name;
    int files = 0;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_autofree char *data = NULL;
        gsize size;
        struct stat status;
        assert_true(g_file_get_contents(path, &data, &size, NULL));
        assert_null(g_strstr_len(data, (gssize)size, "marker"));
        assert_null(g_strstr_len(data, (gssize)size, "example"));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 077, 0);
        files++;
    }
    assert_true(files >= 2);
}

static void write_some(const struct fixture *fixture, int writer, int records)
{
    for (int i = 0; i < records; i++) {
        g_autoptr(Ledger) ledger = NULL;
        g_autofree char *id = g_strdup_printf("<%d.%d@example.org>", writer, i);
        const struct sent_message message = {.message_id = id, .time = 1000};
        g_autoptr(GError) err = NULL;
        if (!ledger_open_file(fixture->path, 0, LEDGER_WRITE, deadline_in(20000), &ledger, &err) ||
            !ledger_record(ledger, &message, &err)) {
            fprintf(stderr, "# writer %d, record %d: %s\n", writer, i, err->message);
            _exit(1);
        }
    }
    _exit(0);
}

// WRITERS processes at once, of which the first makes the ledger.
static void write_at_once(const struct fixture *fixture, int records)
{
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            write_some(fixture, i, records);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    g_autoptr(Ledger) ledger = open_ledger(fixture, 0);
    struct ledger_extent extent;
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.messages, WRITERS * records);
}

static void test_many_writers(void **state)
{
    write_at_once(*state, RECORDS_EACH);
}

static void test_many_makers(void **state)
{
    struct fixture *fixture = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < MAKING_ROUNDS; i++) {
        write_at_once(fixture, 1);
        for (gsize j = 0; j < G_N_ELEMENTS(suffixes); j++) {
            g_autofree char *path = g_strconcat(fixture->path, suffixes[j], NULL);
            assert_int_equal(unlink(path), 0);
        }
    }
}

// A writer that sits on the ledger costs a reader nothing and a second writer no more than it gave.
static void test_busy(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(Ledger) first = open_ledger(fixture, 0);
    const struct db_api *api = db_load(NULL);
    struct db *holder;
    put(first, "<a@example.org>", 1000, NULL);
    assert_true(api->open(fixture->path, DB_WRITE, deadline_in(1000), &holder, NULL));
    assert_true(api->exec(holder, "BEGIN IMMEDIATE; DELETE FROM entry", NULL));
    g_autoptr(Ledger) reader = NULL;
    g_autoptr(Ledger) writer = NULL;
    struct sent_record found;
    bool yes;
    assert_true(ledger_open_file(fixture->path, 0, LEDGER_READ, deadline_in(1000), &reader, NULL));
    assert_true(ledger_find(reader, "<a@example.org>", NULL, &yes, &found, NULL));
    assert_true(yes);
    const gint64 start = g_get_monotonic_time();
    const struct sent_message message = {.message_id = "<c@example.org>", .time = 1000};
    g_autoptr(GError) err = NULL;
    assert_true(ledger_open_file(fixture->path, 0, LEDGER_WRITE, deadline_in(300), &writer, NULL));
    assert_false(ledger_record(writer, &message, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP));
    assert_true(g_get_monotonic_time() - start < 3 * G_USEC_PER_SEC);
    api->close(holder);
}

// Whom somebody wrote to is told to him alone, and a mail's recipients to who has its Message-ID.
static void test_bound(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    static const struct {
        const char *asker;
        bool told;
    } cases[] = {{"alice@example.org", true},   {"Alice+tag@EXAMPLE.org", true},
                 {"a.smith@example.org", true}, {"mallory@example.org", false},
                 {"alice@example.com", false},  {"bob@example.net", false}};
    const char *recipients[] = {"bob@example.net", NULL};
    const struct sent_message message = {.message_id = "<a@example.org>",
                                         .time = 600,
                                         .sender = "alice@example.org",
                                         .author = "a.smith@example.org",
                                         .recipients = recipients};
    assert_true(ledger_record(ledger, &message, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct ledger_extent extent;
        bool yes;
        gint64 when;
        ask_as(ledger, cases[i].asker);
        assert_true(ledger_wrote_to(ledger, "bob@example.net", &yes, &when, NULL));
        assert_int_equal(yes, cases[i].told);
        assert_true(ledger_wrote_to(ledger, "@example.net", &yes, &when, NULL));
        assert_int_equal(yes, cases[i].told);
        assert_true(ledger_sent_near(ledger, "bob@example.net", 540, 660, &yes, NULL));
        assert_int_equal(yes, cases[i].told);
        assert_true(ledger_extent(ledger, &extent, NULL));
        assert_int_equal(extent.has_recipients, cases[i].told);
        assert_true(ledger_sent_to(ledger, "<a@example.org>", "bob@example.net", &yes, NULL));
        assert_true(yes);
        assert_true(ledger_sent_to(ledger, "<b@example.org>", "bob@example.net", &yes, NULL));
        assert_false(yes);
    }
}

static void test_covers(void **state)
{
    (void)state;
    const gint64 hour = 3600;
    static const struct ledger_extent extent = {
        .since = 100 * 3600,
        .forgot_until = 110 * 3600,
        .gaps = {{200 * 3600, 201 * 3600}, {300 * 3600, G_MAXINT64}},
        .gap_count = 2};
    static const struct {
        gint64 from, until;
        bool covered;
    } cases[] = {{90, 90, false},   {105, 105, false}, {110, 110, false}, {111, 111, true},
                 {198, 198, true},  {199, 199, false}, {200, 200, false}, {202, 202, false},
                 {203, 203, true},  {150, 250, false}, {203, 298, true},  {299, 299, false},
                 {900, 900, false}, {100, 203, false}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(ledger_extent_covers(&extent, cases[i].from * hour, cases[i].until * hour),
                         cases[i].covered);
    // One that has forgotten nothing reaches back to where it began.
    static const struct ledger_extent young = {.since = 100 * 3600};
    assert_false(ledger_extent_covers(&young, 100 * hour - 1, 101 * hour));
    assert_true(ledger_extent_covers(&young, 100 * hour, 101 * hour));
}

static void test_gaps(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    struct ledger_extent extent;
    for (gint64 i = 1; i <= LEDGER_GAPS_MAX + 5; i++)
        assert_true(ledger_add_gap(ledger, i * 100, i * 100 + 10, NULL));
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.gap_count, LEDGER_GAPS_MAX);
    assert_int_equal(extent.gaps[0].from, 100); // the oldest have become one
    assert_int_equal(extent.gaps[LEDGER_GAPS_MAX - 1].until, (LEDGER_GAPS_MAX + 5) * 100 + 10);
    assert_true(ledger_alive(ledger, "milter here", true, NULL));
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.gaps[LEDGER_GAPS_MAX - 1].until, (LEDGER_GAPS_MAX + 5) * 100 + 10);
    assert_true(ledger_alive(ledger, "milter here", true, NULL)); // it began again
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_true(extent.gaps[LEDGER_GAPS_MAX - 1].until > 1000000);
    assert_true(ledger_retire(ledger, "milter here", NULL));
}

// A recorder that is silent is a gap that lasts, until it is back.
static void test_silent_recorder(void **state)
{
    struct fixture *fixture = *state;
    g_autoptr(Ledger) ledger = open_ledger(fixture, 0);
    const struct db_api *api = db_load(NULL);
    struct db *db;
    struct ledger_extent extent;
    assert_true(ledger_alive(ledger, "milter here", true, NULL));
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.gap_count, 0);
    assert_true(api->open(fixture->path, DB_WRITE, deadline_in(1000), &db, NULL));
    assert_true(api->exec(db, "UPDATE recorder SET alive = alive - 1000", NULL));
    api->close(db);
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.gap_count, 1);
    assert_true(extent.gaps[0].until == G_MAXINT64);
    assert_true(ledger_alive(ledger, "milter here", false, NULL));
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.gap_count, 1);
    assert_true(extent.gaps[0].until - extent.gaps[0].from >= 1000);
    assert_true(extent.gaps[0].until < G_MAXINT64);
}

// Under another key nothing is found: a reader is told, and a writer begins anew.
static void test_other_key(void **state)
{
    struct fixture *fixture = *state;
    struct ledger *ledger = open_ledger(fixture, 0);
    struct ledger_extent extent;
    put(ledger, "<a@example.org>", 1000, "bob@example.net");
    ledger_free(ledger);
    g_autofree char *path = g_build_filename(fixture->directory, "ledger.key", NULL);
    assert_int_equal(g_unlink(path), 0);
    g_autoptr(GBytes) key = NULL;
    assert_true(ledger_key_read(path, true, &key, NULL, NULL));
    g_autoptr(GError) err = NULL;
    assert_false(ledger_open_file(fixture->path, 0, LEDGER_READ, deadline_in(1000), &ledger, &err));
    assert_non_null(strstr(err->message, "another key"));
    ledger = open_ledger(fixture, 0);
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_true(extent.since > 1000000);
    ledger_free(ledger);
    assert_true(ledger_open_file(fixture->path, 0, LEDGER_READ, deadline_in(1000), &ledger, NULL));
    ledger_free(ledger);
}

// What version 1 and 2 wrote is found, and bound to its Message-ID.
static void test_upgrade(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *key_path = g_build_filename(fixture->directory, "ledger.key", NULL);
    g_autoptr(GBytes) key = NULL;
    assert_true(ledger_key_read(key_path, true, &key, NULL, NULL));
    struct ledger_hasher *hasher = ledger_hasher_new(key);
    struct ledger_hash id,
        alice = ledger_hash_address(hasher, "alice@example.org"),
        bob = ledger_hash_address(hasher, "bob@example.net"),
        near = ledger_hash_near(hasher, "bob@example.net", 1000 / LEDGER_NEAR_SECONDS);
    assert_true(ledger_hash_id(hasher, "<a@example.org>", &id));
    const struct ledger_hash *hashes[] = {&id, &alice, &bob, &near};
    char text[4][2 * LEDGER_HASH_BYTES + 1];
    for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
        for (gsize j = 0; j < LEDGER_HASH_BYTES; j++)
            g_snprintf(text[i] + 2 * j, 3, "%02x", hashes[i]->bytes[j]);
    }
    g_autofree char *sql = g_strdup_printf(
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
        "CREATE TABLE sent (id BLOB PRIMARY KEY, time INTEGER, added INTEGER, sender BLOB)"
        " WITHOUT ROWID; CREATE INDEX sent_added ON sent (added);"
        "CREATE TABLE recipient (id BLOB, address BLOB, PRIMARY KEY (id, address)) WITHOUT ROWID;"
        "CREATE TABLE correspondent (address BLOB PRIMARY KEY, time INTEGER, added INTEGER)"
        " WITHOUT ROWID;"
        "CREATE TABLE fingerprint (hash BLOB PRIMARY KEY, added INTEGER) WITHOUT ROWID;"
        "INSERT INTO meta VALUES ('began', 500);"
        "INSERT INTO sent VALUES (x'%s', 1000, 2000, x'%s');"
        "INSERT INTO recipient VALUES (x'%s', x'%s');"
        "INSERT INTO correspondent VALUES (x'%s', 1000, 2000);"
        "INSERT INTO fingerprint VALUES (x'%s', 2000); PRAGMA user_version = 2",
        text[0], text[1], text[0], text[2], text[2], text[3]);
    ledger_hasher_free(hasher);
    const struct db_api *api = db_load(NULL);
    struct db *db;
    assert_true(api->open(fixture->path, DB_CREATE, deadline_in(1000), &db, NULL));
    assert_true(api->exec(db, sql, NULL));
    api->close(db);
    g_autoptr(Ledger) ledger = open_ledger(fixture, 0);
    struct sent_record found;
    struct ledger_extent extent;
    bool yes;
    gint64 when;
    assert_true(ledger_find(ledger, "<a@example.org>", "alice@example.org", &yes, &found, NULL));
    assert_true(yes && found.sender_fits && found.recipients > 0 && found.time == 1000);
    assert_true(ledger_sent_to(ledger, "<a@example.org>", "bob@example.net", &yes, NULL));
    assert_true(yes);
    assert_true(ledger_sent_to(ledger, "<a@example.org>", "eve@example.net", &yes, NULL));
    assert_false(yes);
    assert_true(ledger_wrote_to(ledger, "bob@example.net", &yes, &when, NULL));
    assert_true(yes);
    assert_true(ledger_sent_near(ledger, "bob@example.net", 1000, 1000, &yes, NULL));
    assert_true(yes);
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.messages, 1);
    assert_int_equal(extent.since, 500);
    assert_true(extent.has_recipients);
}

static void test_missing(void **state)
{
    struct fixture *fixture = *state;
    struct ledger *ledger = NULL;
    g_autoptr(GError) err = NULL;
    assert_false(ledger_open_file(fixture->path, 0, LEDGER_READ, deadline_in(100), &ledger, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    assert_null(ledger);
    assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void test_key(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = g_build_filename(fixture->directory, "key", NULL);
    g_autoptr(GBytes) first = NULL;
    g_autoptr(GBytes) second = NULL;
    GBytes *none = NULL;
    g_autoptr(GError) err = NULL;
    assert_false(ledger_key_read(path, false, &none, NULL, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    assert_true(ledger_key_read(path, true, &first, NULL, NULL));
    assert_true(ledger_key_read(path, true, &second, NULL, NULL));
    assert_true(g_bytes_equal(first, second));
    assert_true(g_file_set_contents(path, "short\n", -1, NULL));
    assert_false(ledger_key_read(path, true, &none, NULL, NULL));
}

static gpointer read_key(gpointer path)
{
    GBytes *key = NULL;
    g_autoptr(GError) err = NULL;
    if (!ledger_key_read(path, true, &key, NULL, &err))
        fprintf(stderr, "# %s\n", err->message);
    return key;
}

// The milter's threads may all come at once to where no key is yet.
static void test_key_threads(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < MAKING_ROUNDS; i++) {
        GThread *threads[WRITERS];
        GBytes *keys[WRITERS];
        g_autofree char *path = g_strdup_printf("%s/key.%d", fixture->directory, i);
        for (int j = 0; j < WRITERS; j++)
            threads[j] = g_thread_new("writer", read_key, path);
        for (int j = 0; j < WRITERS; j++)
            keys[j] = g_thread_join(threads[j]);
        for (int j = 0; j < WRITERS; j++) {
            assert_non_null(keys[j]);
            assert_true(g_bytes_equal(keys[j], keys[0]));
        }
        for (int j = 0; j < WRITERS; j++)
            g_bytes_unref(keys[j]);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(record_and_find),
        T(extent),
        T(forgets),
        T(secrecy),
        T(many_writers),
        T(many_makers),
        T(busy),
        T(missing),
        T(key),
        T(key_threads),
        T(bound),
        T(covers),
        T(gaps),
        T(silent_recorder),
        T(fingerprints),
        T(other_key),
        T(upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
