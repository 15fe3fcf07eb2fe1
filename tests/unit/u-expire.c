// SPDX-License-Identifier: MIT
// store/expire.h: what goes, what stays, and that nothing outside the folder is touched.
#include "store/expire.h"

#include "base/error.h"

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define DAY (24 * 60 * 60)
#define NOW ((gint64)1700000000)
static const struct expire_policy thirty_days = {.max_age = 30 * DAY};

static int set_up(void **state)
{
    char *folder = g_dir_make_tmp("backstop-expire.XXXXXX", NULL);
    *state = folder;
    for (const char *const *part = (const char *const[]){"new", "cur", "tmp", NULL}; *part;
         part++) {
        g_autofree char *path = g_build_filename(folder, *part, NULL);
        g_mkdir(path, 0700);
    }
    return folder ? 0 : -1;
}

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_tree(below);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static int tear_down(void **state)
{
    remove_tree(*state);
    g_free(*state);
    return 0;
}

static void put(const char *folder, const char *name, gsize size)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = g_strnfill(size, 'x');
    assert_true(g_file_set_contents(path, text, (gssize)size, NULL));
}

static void put_dated(const char *folder, const char *name, gint64 time)
{
    put(folder, name, 1);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct utimbuf times = {time, time};
    assert_int_equal(utime(path, &times), 0);
}

// A message AGE days old, N tells those of one second apart.
static void put_message(const char *folder, const char *part, int n, gint64 age, const char *info)
{
    g_autofree char *name =
        g_strdup_printf("%s/%" G_GINT64_FORMAT ".H%d.host%s", part, NOW - age * DAY, n, info);
    put(folder, name, 10);
}

static bool has(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct stat status;
    return lstat(path, &status) == 0;
}

static guint count(const char *folder, const char *part)
{
    g_autofree char *path = g_build_filename(folder, part, NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    guint found = 0;
    while (dir && g_dir_read_name(dir))
        found++;
    g_clear_pointer(&dir, g_dir_close);
    return found;
}

static struct expire_result run(const char *folder, const struct expire_policy *policy)
{
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    assert_true(expire_folder(folder, policy, NOW, NULL, NULL, &result, &err));
    return result;
}

static void names_are_read(void **state)
{
    (void)state;
    assert_int_equal(expire_name_time("1700000000.H1.host,S=5:2,"), 1700000000);
    assert_int_equal(expire_name_time("1700000000"), -1);
    assert_int_equal(expire_name_time("17.eml"), -1);
    assert_int_equal(expire_name_time("letter.txt"), -1);
    assert_int_equal(expire_name_time("-1700000000.x"), -1);
    assert_int_equal(expire_name_time("99999999999999999999999.x"), -1);
    assert_true(expire_name_has_flag("1.x:2,FS", 'F'));
    assert_true(expire_name_has_flag("1.x;2,F", 'F'));
    assert_false(expire_name_has_flag("1.F,S=12,W=13:2,S", 'F'));
    assert_false(expire_name_has_flag("1.F2,F", 'F'));
    assert_int_equal(expire_name_size("1.x,S=4711,W=5000:2,"), 4711);
    assert_int_equal(expire_name_size("1.x,W=5000"), -1);
    assert_int_equal(expire_name_size("1.x,S=:2,"), -1);
}

static void the_old_go_and_the_young_stay(void **state)
{
    const char *folder = *state;
    put_message(folder, "new", 1, 31, "");
    put_message(folder, "cur", 2, 30, ":2,S"); // the limit itself is reached
    put_message(folder, "cur", 3, 29, ":2,S");
    put_message(folder, "new", 4, 0, "");
    put_message(folder, "new", 5, -400, ""); // a clock that went wrong
    put_message(folder, "cur", 6, 100, ":2,FS");
    g_autofree char *second =
        g_strdup_printf("new/%" G_GINT64_FORMAT ".H7.host", NOW - 30 * DAY + 1);
    put(folder, second, 10); // a second is missing
    struct expire_result result = run(folder, &thirty_days);
    assert_int_equal(result.seen, 7);
    assert_int_equal(result.removed, 2);
    assert_int_equal(result.removed_bytes, 20);
    assert_true(result.whole);
    assert_true(has(folder, second));
    assert_int_equal(count(folder, "new"), 3);
    assert_int_equal(count(folder, "cur"), 2);

    struct expire_policy flagged = thirty_days;
    flagged.flagged = true;
    assert_int_equal(run(folder, &flagged).removed, 1);
    struct expire_policy never = {0};
    assert_int_equal(run(folder, &never).removed, 0);
}

static void without_a_time_the_file_has_it(void **state)
{
    const char *folder = *state;
    put_dated(folder, "cur/old.eml:2,", NOW - 40 * DAY);
    put_dated(folder, "cur/young.eml:2,", NOW - 20 * DAY);
    put_dated(folder, "cur/1.eml:2,", NOW - 20 * DAY); // 1 is no delivery time
    // A name that has one is believed, whatever the file's own time.
    g_autofree char *name = g_strdup_printf("cur/%" G_GINT64_FORMAT ".a", NOW - DAY);
    put_dated(folder, name, NOW - 40 * DAY);
    assert_int_equal(run(folder, &thirty_days).removed, 1);
    assert_false(has(folder, "cur/old.eml:2,"));
    assert_true(has(folder, name));
}

static void a_dry_run_removes_nothing(void **state)
{
    const char *folder = *state;
    put_message(folder, "cur", 1, 31, ":2,");
    struct expire_policy dry = thirty_days;
    dry.dry_run = true;
    assert_int_equal(run(folder, &dry).removed, 1);
    assert_int_equal(count(folder, "cur"), 1);
}

static void links_and_directories_are_left_alone(void **state)
{
    const char *folder = *state;
    g_autofree char *outside = g_strdup_printf("%s/outside", folder);
    g_mkdir(outside, 0700);
    put_message(outside, ".", 1, 100, "");
    g_autofree char *victim =
        g_strdup_printf("%s/%" G_GINT64_FORMAT ".H1.host", outside, NOW - 100 * DAY);
    g_autofree char *link =
        g_strdup_printf("%s/cur/%" G_GINT64_FORMAT ".link:2,", folder, NOW - 100 * DAY);
    g_autofree char *directory =
        g_strdup_printf("%s/cur/%" G_GINT64_FORMAT ".dir:2,", folder, NOW - 100 * DAY);
    assert_int_equal(symlink(victim, link), 0);
    g_mkdir(directory, 0700);
    // new/ itself is a link to the directory outside.
    g_autofree char *new = g_build_filename(folder, "new", NULL);
    assert_int_equal(rmdir(new), 0);
    assert_int_equal(symlink(outside, new), 0);

    struct expire_result result = run(folder, &thirty_days);
    assert_int_equal(result.removed, 0);
    assert_int_equal(result.failed, 0);
    assert_int_equal(count(folder, "cur"), 2);
    assert_true(g_file_test(victim, G_FILE_TEST_IS_REGULAR));

    // The folder itself must not be a link either, not even one with a slash behind it.
    g_autofree char *alias = g_strdup_printf("%s/alias", outside);
    assert_int_equal(symlink(folder, alias), 0);
    for (int slash = 0; slash < 2; slash++) {
        g_autofree char *path = g_strconcat(alias, slash ? "/" : "", NULL);
        g_autoptr(GError) err = NULL;
        assert_false(expire_folder(path, &thirty_days, NOW, NULL, NULL, &result, &err));
        assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    }
}

static void a_missing_folder_is_gone(void **state)
{
    (void)state;
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    assert_false(expire_folder("/nonexistent/.Junk", &thirty_days, NOW, NULL, NULL, &result, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
}

static void the_oldest_go_beyond_a_number(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 10; i++)
        put_message(folder, i % 2 ? "cur" : "new", i, i, "");
    put_message(folder, "cur", 50, 20, ":2,F"); // flagged: stays and does not count
    struct expire_policy policy = {.max_messages = 4};
    assert_int_equal(run(folder, &policy).removed, 6);
    for (int i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("%s/%" G_GINT64_FORMAT ".H%d.host",
                                                i % 2 ? "cur" : "new", NOW - i * DAY, i);
        assert_true(has(folder, name));
    }
    assert_int_equal(run(folder, &policy).removed, 0);
}

static void of_one_second_the_right_number_stays(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 10; i++)
        put_message(folder, "new", i, 1, "");
    put_message(folder, "new", 10, 0, "");
    struct expire_policy policy = {.max_messages = 4};
    assert_int_equal(run(folder, &policy).removed, 7);
    assert_int_equal(count(folder, "new"), 4);
}

static void the_oldest_go_beyond_a_size(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 10; i++) // by the size in the name, without looking at the file
        put_message(folder, "new", i, i, ",S=1000");
    struct expire_policy policy = {.max_size = 3500};
    assert_int_equal(run(folder, &policy).removed, 7);
    policy.max_size = 10; // the newest stays even so
    assert_int_equal(run(folder, &policy).removed, 2);
    put_message(folder, "new", 99, -1, ""); // and without a size in the name the file's: 10
    policy.max_size = 1010;
    assert_int_equal(run(folder, &policy).removed, 0);
}

static void stale_temporaries_go(void **state)
{
    const char *folder = *state;
    put_dated(folder, "tmp/1500000000.old", NOW - 37 * 60 * 60);
    put_dated(folder, "tmp/1500000000.busy", NOW - 35 * 60 * 60);
    struct expire_result result = run(folder, &thirty_days);
    assert_int_equal(result.stale, 1);
    assert_int_equal(result.removed, 0);
    assert_true(has(folder, "tmp/1500000000.busy"));
}

static struct expire_result slice(const char *folder, const struct expire_policy *policy,
                                  guint entries)
{
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    assert_true(expire_slice(folder, policy, NOW, entries, deadline_in(-1), &result, &err));
    return result;
}

static void slices_reach_every_message(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 1000; i++)
        put_message(folder, i % 3 ? "cur" : "new", i, i % 2 ? 40 : 10, ":2,");
    guint64 removed = 0, most = 0;
    guint slices = 0;
    while (count(folder, "new") + count(folder, "cur") > 500 && slices++ < 200) {
        struct expire_result result = slice(folder, &thirty_days, 50);
        removed += result.removed;
        most = MAX(most, result.seen);
    }
    assert_int_equal(removed, 500);
    assert_true(most <= 50);
    // 500 messages stay; what was looked at is little more than once each.
    assert_in_range(slices, 20, 25);
    while (slice(folder, &thirty_days, 50).seen)
        ;
    assert_int_equal(count(folder, "new") + count(folder, "cur"), 500);
    assert_true(has(folder, "backstop-expire")); // the round is over; none begins for a while
    assert_int_equal(slice(folder, &thirty_days, 50).seen, 0);
}

static void a_small_folder_has_no_state(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 10; i++)
        put_message(folder, "new", i, 10 * i, "");
    struct expire_policy policy = {.max_age = 60 * DAY, .max_messages = 4};
    struct expire_result result = slice(folder, &policy, 100);
    assert_true(result.whole);
    assert_int_equal(result.removed, 6);
    assert_false(has(folder, "backstop-expire"));
}

static void a_middling_folder_is_left_in_peace_for_a_while(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 300; i++)
        put_message(folder, "new", i, 10, "");
    assert_int_equal(slice(folder, &thirty_days, 1000).seen, 300);
    assert_int_equal(slice(folder, &thirty_days, 1000).seen, 0);
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    assert_true(expire_slice(folder, &thirty_days, NOW + EXPIRE_SLICE_PAUSE, 1000, deadline_in(-1),
                             &result, &err));
    assert_int_equal(result.seen, 300);
    // A clock that was set back is no reason to wait.
    assert_true(
        expire_slice(folder, &thirty_days, NOW - DAY, 1000, deadline_in(-1), &result, &err));
    assert_int_equal(result.seen, 300);
}

static void a_broken_state_means_from_the_beginning(void **state)
{
    const char *folder = *state;
    put_message(folder, "new", 1, 40, "");
    put(folder, "backstop-expire", 20);
    assert_int_equal(slice(folder, &thirty_days, 100).removed, 1);
    assert_false(has(folder, "backstop-expire"));
}

static void a_state_that_is_a_link_is_not_followed(void **state)
{
    const char *folder = *state;
    put(folder, "precious", 5);
    g_autofree char *link = g_build_filename(folder, "backstop-expire", NULL);
    assert_int_equal(symlink("precious", link), 0);
    for (int i = 0; i < 10; i++)
        put_message(folder, "new", i, 10, "");
    slice(folder, &thirty_days, 5);
    g_autofree char *path = g_build_filename(folder, "precious", NULL);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "xxxxx");
}

static void time_ends_a_slice(void **state)
{
    const char *folder = *state;
    for (int i = 0; i < 300; i++)
        put_message(folder, "new", i, 40, "");
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    assert_true(expire_slice(folder, &thirty_days, NOW, 100000, deadline_in(0), &result, &err));
    assert_false(result.whole);
    assert_in_range(result.seen, 0, 64);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read),
        TEST(the_old_go_and_the_young_stay),
        TEST(without_a_time_the_file_has_it),
        TEST(a_dry_run_removes_nothing),
        TEST(links_and_directories_are_left_alone),
        cmocka_unit_test(a_missing_folder_is_gone),
        TEST(the_oldest_go_beyond_a_number),
        TEST(of_one_second_the_right_number_stays),
        TEST(the_oldest_go_beyond_a_size),
        TEST(stale_temporaries_go),
        TEST(slices_reach_every_message),
        TEST(a_small_folder_has_no_state),
        TEST(a_middling_folder_is_left_in_peace_for_a_while),
        TEST(a_broken_state_means_from_the_beginning),
        TEST(a_state_that_is_a_link_is_not_followed),
        TEST(time_ends_a_slice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
