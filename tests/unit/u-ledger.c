// SPDX-License-Identifier: MIT
// The ledger in SQLite: what goes in comes out, many write at once, nothing can be read from the
// file without the key, old records go.
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "ledger/sentfolder.h"

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
    const struct sent_message message = {
        id, time, "alice@example.org", recipient ? recipients : NULL, false, false, 0, NULL};
    assert_true(ledger_record(ledger, &message, NULL));
}

static void test_record_and_find(void **state)
{
    g_autoptr(Ledger) ledger = open_ledger(*state, 0);
    put(ledger, "<a@example.org>", 1000, "Bob@example.net");
    put(ledger, "<a@example.org>", 2000, "carol@example.net");
    struct sent_record found;
    bool yes;
    gint64 when;
    assert_true(ledger_find(ledger, "a@EXAMPLE.org", "prvs=0001abcdef=alice@example.org", &yes,
                            &found, NULL));
    assert_true(yes);
    assert_int_equal(found.time, 1000);
    assert_int_equal(found.recipients, 2);
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
    assert_int_equal(extent.began, 3000);
    assert_false(extent.has_recipients);
    put(ledger, "<c@example.org>", 0, "bob@example.net");
    assert_true(ledger_extent(ledger, &extent, NULL));
    assert_int_equal(extent.began, 0);
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
        const struct sent_message message = {id, 1000, NULL, NULL, false, false, 0, NULL};
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
    g_autoptr(Ledger) holder = open_ledger(fixture, 0);
    put(holder, "<a@example.org>", 1000, NULL);
    assert_true(ledger_begin(holder, NULL));
    put(holder, "<b@example.org>", 1000, NULL);
    g_autoptr(Ledger) reader = NULL;
    g_autoptr(Ledger) writer = NULL;
    struct sent_record found;
    bool yes;
    assert_true(ledger_open_file(fixture->path, 0, LEDGER_READ, deadline_in(1000), &reader, NULL));
    assert_true(ledger_find(reader, "<a@example.org>", NULL, &yes, &found, NULL));
    assert_true(yes);
    assert_true(ledger_find(reader, "<b@example.org>", NULL, &yes, &found, NULL));
    assert_false(yes);
    const gint64 start = g_get_monotonic_time();
    const struct sent_message message = {
        "<c@example.org>", 1000, NULL, NULL, false, false, 0, NULL};
    g_autoptr(GError) err = NULL;
    assert_true(ledger_open_file(fixture->path, 0, LEDGER_WRITE, deadline_in(300), &writer, NULL));
    assert_false(ledger_record(writer, &message, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP));
    assert_true(g_get_monotonic_time() - start < 3 * G_USEC_PER_SEC);
    assert_true(ledger_commit(holder, NULL));
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
    assert_false(ledger_key_read(path, false, &none, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    assert_true(ledger_key_read(path, true, &first, NULL));
    assert_true(ledger_key_read(path, true, &second, NULL));
    assert_true(g_bytes_equal(first, second));
    assert_true(g_file_set_contents(path, "short\n", -1, NULL));
    assert_false(ledger_key_read(path, true, &none, NULL));
}

static gpointer read_key(gpointer path)
{
    GBytes *key = NULL;
    g_autoptr(GError) err = NULL;
    if (!ledger_key_read(path, true, &key, &err))
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
        T(record_and_find), T(fingerprints), T(extent),      T(forgets),
        T(secrecy),         T(many_writers), T(many_makers), T(busy),
        T(missing),         T(key),          T(key_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
