// SPDX-License-Identifier: MIT
// store/maildir-name.h: which name a delivery gets, and which file counts as its earlier try.
#include "store/maildir-name.h"

#include "base/auto.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cm.h"

#define NOW G_GINT64_CONSTANT(1795000000)

static struct maildir_name name_at(gint64 arrival, gint64 now, bool varying)
{
    struct maildir_name name;
    maildir_name_init(&name, "abcd", arrival, now, 10, 12, varying, g_strdup(""));
    return name;
}

static void names_tell_what_is_known(void **state)
{
    (void)state;
    static const struct {
        gint64 arrival, time;
        bool varying, certain, scan;
    } rows[] = {
        {NOW, NOW, false, true, false},
        {NOW, NOW, true, true, true},
        {NOW - 59, NOW - 59, false, true, false},
        {NOW + 30, NOW + 30, false, true, false},
        // A while later the message may have been moved or read: the folder is looked through.
        {NOW - 600, NOW - 600, false, true, true},
        // Junk expires by the name's time, so an old arrival does not stand there.
        {NOW - 2 * 86400, NOW, false, true, true},
        // Too old or from the future: not to be trusted.
        {NOW - 7 * 86400, NOW / 64 * 64, false, false, false},
        {NOW + 3600, NOW / 64 * 64, false, false, false},
        {0, NOW / 64 * 64, false, false, false},
        {0, NOW / 64 * 64, true, false, true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct maildir_name name = name_at(rows[i].arrival, NOW, rows[i].varying);
        if (name.time != rows[i].time || name.certain != rows[i].certain ||
            name.scan != rows[i].scan)
            fail_msg("row %zu: time %" G_GINT64_FORMAT ", certain %d, scan %d", i, name.time,
                     name.certain, name.scan);
        maildir_name_clear(&name);
    }
    struct maildir_name name = name_at(NOW, NOW, false);
    g_autofree char *first = maildir_name_make(&name, 0);
    g_autofree char *second = maildir_name_make(&name, 2);
    assert_true(g_str_has_prefix(first, "1795000000.Habcd."));
    assert_true(g_str_has_suffix(first, ",S=10,W=12"));
    assert_true(g_str_has_prefix(second, "1795000000.R2.Habcd."));
    assert_null(strpbrk(first, "/:"));
    maildir_name_clear(&name);
}

static char *root;
static int newfd, curfd;

static int begin(void **state)
{
    (void)state;
    root = g_dir_make_tmp("u-name.XXXXXX", NULL);
    g_autofree char *new = g_build_filename(root, "new", NULL);
    g_autofree char *cur = g_build_filename(root, "cur", NULL);
    g_mkdir(new, 0700);
    g_mkdir(cur, 0700);
    newfd = open(new, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    curfd = open(cur, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return newfd >= 0 && curfd >= 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    close(newfd);
    close(curfd);
    g_autofree char *new = g_build_filename(root, "new", NULL);
    g_autofree char *cur = g_build_filename(root, "cur", NULL);
    g_rmdir(new);
    g_rmdir(cur);
    g_rmdir(root);
    g_free(root);
    return 0;
}

// Is a file of the name BASE + FLAGS in DIRFD, MODE taken as an earlier try?
static bool counts(const struct maildir_name *name, int dirfd, const char *flags, mode_t mode)
{
    g_autofree char *base = maildir_name_make(name, 0);
    g_autofree char *file = g_strconcat(base, flags, NULL);
    int fd = openat(dirfd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    g_autofree char *found = maildir_name_find(name, newfd, curfd);
    g_autofree char *wanted = g_strconcat(dirfd == newfd ? "new/" : "cur/", file, NULL);
    if (found)
        assert_string_equal(found, wanted);
    assert_int_equal(unlinkat(dirfd, file, 0), 0);
    return found != NULL;
}

static void earlier_tries_count(void **state)
{
    (void)state;
    gint64 now = time(NULL);
    struct maildir_name certain = name_at(now, now, false);
    assert_true(counts(&certain, newfd, "", 0600));
    assert_true(counts(&certain, curfd, ":2,", 0600));
    assert_true(counts(&certain, curfd, ":2,S", 0600));
    assert_false(counts(&certain, curfd, ":2,RS", 0600));
    struct maildir_name later = name_at(now - 600, now, false);
    assert_true(counts(&later, curfd, ":2,RS", 0600));
    struct maildir_name other = name_at(now, now, false);
    g_free(other.suffix);
    other.suffix = g_strdup(".Hother.host,S=10,W=12");
    g_autofree char *file = maildir_name_make(&other, 0);
    int fd = openat(newfd, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    assert_null(maildir_name_find(&later, newfd, curfd));
    unlinkat(newfd, file, 0);
    maildir_name_clear(&certain);
    maildir_name_clear(&later);
    maildir_name_clear(&other);
}

// Without a mark of its own only an unfinished copy counts; with flags it stands in cur/.
static void the_same_text_may_come_twice(void **state)
{
    (void)state;
    struct maildir_name name = name_at(0, time(NULL), false);
    assert_true(counts(&name, newfd, "", 0600 | S_ISVTX));
    assert_false(counts(&name, newfd, "", 0600));
    assert_false(counts(&name, curfd, ":2,S", 0600));
    g_free(name.flags);
    name.flags = g_strdup(":2,FTa");
    assert_true(counts(&name, curfd, ":2,FTa", 0600 | S_ISVTX));
    assert_true(counts(&name, curfd, ":2,FSTa", 0600 | S_ISVTX));
    assert_false(counts(&name, curfd, ":2,FTa", 0600));
    g_autofree char *file = maildir_name_make(&name, 0);
    // A link is no message.
    assert_int_equal(symlinkat("/etc/passwd", newfd, file), 0);
    assert_null(maildir_name_find(&name, newfd, curfd));
    unlinkat(newfd, file, 0);
    maildir_name_clear(&name);
}

static void flags_become_letters(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) flags = g_ptr_array_new();
    g_autofree char *none = maildir_flags(NULL);
    assert_string_equal(none, "");
    g_ptr_array_add(flags, (gpointer) "\\SEEN");
    g_ptr_array_add(flags, (gpointer) "\\Flagged");
    g_ptr_array_add(flags, (gpointer) "\\seen");
    g_ptr_array_add(flags, (gpointer) "keyword");
    g_ptr_array_add(flags, (gpointer) "$Forwarded");
    g_autofree char *some = maildir_flags(flags);
    assert_string_equal(some, ":2,FPS");
    g_ptr_array_set_size(flags, 0);
    g_ptr_array_add(flags, (gpointer) "keyword");
    g_autofree char *unknown = maildir_flags(flags);
    assert_string_equal(unknown, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_what_is_known),
        cmocka_unit_test_setup_teardown(earlier_tries_count, begin, end),
        cmocka_unit_test_setup_teardown(the_same_text_may_come_twice, begin, end),
        cmocka_unit_test(flags_become_letters),
    };
    return tap_run(tests);
}
