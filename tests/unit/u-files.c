// SPDX-License-Identifier: MIT
// base/files.h, base/lock.h and base/log.h: what is written is whole, locks are taken in turn, a
// log line is one line.
#include "base/files.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cm.h"

static char *root;

static char *in_root(const char *name)
{
    return g_build_filename(root, name, NULL);
}

static int begin(void **state)
{
    (void)state;
    root = g_dir_make_tmp("u-files.XXXXXX", NULL);
    return root ? 0 : -1;
}

// Everything that a test made must be known to it: an rmdir that fails is a file left behind.
static int end(void **state)
{
    (void)state;
    static const char *const known[] = {"file", "box", "log", "d/e/f", "d/e", "d"};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *path = in_root(known[i]);
        g_remove(path);
    }
    int failed = g_rmdir(root);
    g_free(root);
    return failed;
}

static char *content_of(const char *name)
{
    g_autofree char *path = in_root(name);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static void segments_are_written_in_order(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct file_segment segments[COUNT];
    GString *wanted = g_string_new(NULL);
    char numbers[COUNT][8];
    for (guint i = 0; i < COUNT; i++) {
        g_snprintf(numbers[i], sizeof numbers[i], "%u,", i);
        segments[i] = (struct file_segment){numbers[i], i % 3 == 0 ? 0 : strlen(numbers[i])};
        if (segments[i].size > 0)
            g_string_append(wanted, numbers[i]);
    }
    g_autofree char *path = in_root("file");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_autoptr(GError) err = NULL;
    assert_true(files_write(fd, segments, COUNT, &err));
    assert_true(files_write(fd, segments, 0, &err));
    assert_true(files_sync(fd, path, &err));
    assert_true(files_close(&fd, path, &err));
    assert_int_equal(fd, -1);
    g_autofree char *got = content_of("file");
    assert_string_equal(got, wanted->str);
    g_string_free(wanted, TRUE);
}

static void slow_and_broken_readers(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    // Far more than a pipe holds: the writer must wait where it cannot go on.
    g_autofree char *lot = g_strnfill(1000000, 'x');
    pid_t pid = fork();
    if (pid == 0) {
        char buffer[4096];
        gsize total = 0;
        close(ends[1]);
        for (;;) {
            ssize_t got = read(ends[0], buffer, sizeof buffer);
            if (got == 0)
                _exit(total == 1000000 ? 0 : 1);
            if (got > 0)
                total += (gsize)got;
            else
                g_usleep(1000);
        }
    }
    close(ends[0]);
    struct file_segment segment = {lot, 1000000};
    g_autoptr(GError) err = NULL;
    assert_true(files_write(ends[1], &segment, 1, &err));
    close(ends[1]);
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    // A full device is an error, not a short message.
    mda_autofd full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full >= 0) {
        assert_false(files_write(full, &segment, 1, &err));
        assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP));
    }
}

static mode_t mode_of(const char *name)
{
    g_autofree char *path = in_root(name);
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

static void directories_have_the_mode_asked_for(void **state)
{
    (void)state;
    g_autoptr(GError) err = NULL;
    g_autofree char *path = in_root("d/e/f");
    mode_t old = umask(0777);
    assert_true(files_make_path(path, 0750, true, &err));
    umask(0);
    assert_true(files_make_path(path, 0777, true, &err));
    umask(old);
    assert_int_equal(mode_of("d"), 0750);
    assert_int_equal(mode_of("d/e/f"), 0750);
    g_autofree char *below = in_root("file/x");
    g_autofree char *file = in_root("file");
    assert_true(g_file_set_contents(file, "x", 1, NULL));
    assert_false(files_make_path(below, 0700, false, &err));
}

static void replacing_is_all_or_nothing(void **state)
{
    (void)state;
    g_autoptr(GError) err = NULL;
    g_autofree char *path = in_root("file");
    assert_true(files_replace(path, "one", 3, 0640, &err));
    assert_int_equal(mode_of("file"), 0640);
    // No room for more: the old text stays, and nothing else does.
    struct rlimit before, tight = {.rlim_cur = 10};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    bool replaced = files_replace(path, "this is longer than ten bytes", 29, 0640, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(replaced);
    g_autofree char *got = content_of("file");
    assert_string_equal(got, "one");
}

static void what_is_unfinished_goes(void **state)
{
    (void)state;
    g_autofree char *path = in_root("file");
    g_autofree char *box = in_root("box");
    assert_true(g_file_set_contents(path, "x", 1, NULL));
    assert_true(g_file_set_contents(box, "whole half", 10, NULL));
    mda_autofd fd = open(box, O_RDWR | O_CLOEXEC);
    int token = files_register_temporary(path);
    files_register_growth(fd, 6);
    files_drop_temporaries();
    files_forget_growth();
    files_forget_temporary(token);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_autofree char *got = content_of("box");
    assert_string_equal(got, "whole ");
    files_drop_temporaries();
    g_autofree char *same = content_of("box");
    assert_string_equal(same, "whole ");
}

static void dot_locks_take_turns(void **state)
{
    (void)state;
    g_autofree char *path = in_root("box.lock");
    struct dotlock first = {0}, second = {0};
    g_autoptr(GError) err = NULL;
    assert_true(dotlock_acquire(path, 300, deadline_in(1000), &first, &err));
    assert_false(first.broken);
    gint64 began = g_get_monotonic_time();
    assert_false(dotlock_acquire(path, 300, deadline_in(200), &second, &err));
    assert_in_range(g_get_monotonic_time() - began, 150000, 5000000);
    assert_null(second.path);
    g_clear_error(&err);
    dotlock_release(&first);
    dotlock_release(&first);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    // An old one of somebody else.
    assert_true(g_file_set_contents(path, "1:elsewhere.example.org\n", -1, NULL));
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[2]){{1, 0}, {1, 0}}, 0), 0);
    assert_true(dotlock_acquire(path, 300, deadline_in(1000), &second, &err));
    assert_true(second.broken);
    dotlock_release(&second);
    // One of a process that is no more.
    pid_t pid = fork();
    if (pid == 0) {
        struct dotlock lock;
        _exit(dotlock_acquire(path, 300, deadline_in(1000), &lock, NULL) ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    assert_true(dotlock_acquire(path, 300, deadline_in(1000), &second, &err));
    assert_true(second.broken);
    dotlock_release(&second);
    assert_false(dotlock_acquire("/nonexistent/box.lock", 300, deadline_in(0), &second, &err));
}

// Many processes add to one number; a lock that lets two in loses counts.
static void dot_locks_keep_others_out(void **state)
{
    (void)state;
    g_autofree char *path = in_root("box.lock");
    g_autofree char *file = in_root("file");
    assert_true(g_file_set_contents(file, "0", 1, NULL));
    for (int i = 0; i < 6; i++) {
        if (fork() != 0)
            continue;
        for (int n = 0; n < 20; n++) {
            struct dotlock lock = {0};
            g_autofree char *text = NULL;
            if (!dotlock_acquire(path, 300, deadline_in(60000), &lock, NULL) ||
                !g_file_get_contents(file, &text, NULL, NULL))
                _exit(1);
            int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
            dprintf(fd, "%d", atoi(text) + 1);
            close(fd);
            dotlock_release(&lock);
        }
        _exit(0);
    }
    for (int i = 0; i < 6; i++) {
        int status = -1;
        wait(&status);
        assert_int_equal(status, 0);
    }
    g_autofree char *got = content_of("file");
    assert_string_equal(got, "120");
}

static void log_lines_are_lines(void **state)
{
    (void)state;
    g_autofree char *path = in_root("log");
    log_configure(path, "mail", "warning", "backstop");
    log_line(LOG_LEVEL_INFO, "too little to be told");
    log_line(LOG_LEVEL_ERROR, "one\nforged: %s", "line\r\n\033[31m");
    g_autofree char *lengthy = g_strnfill(10000, 'x');
    log_line(LOG_LEVEL_WARNING, "%s", lengthy);
    log_configure("none", "mail", "debug", "backstop");
    log_line(LOG_LEVEL_ERROR, "nowhere");
    g_autofree char *got = content_of("log");
    g_auto(GStrv) lines = g_strsplit(got, "\n", -1);
    assert_int_equal(g_strv_length(lines), 3);
    assert_string_equal(lines[2], "");
    assert_non_null(strstr(lines[0], "]: one forged: line ?[31m"));
    assert_true(g_str_has_suffix(lines[1], "..."));
    assert_true(strlen(lines[1]) < 5000);
    assert_int_equal(mode_of("log"), 0600);
    // Never through a link.
    g_autofree char *link = in_root("file");
    g_autofree char *target = in_root("box");
    assert_int_equal(symlink(target, link), 0);
    log_configure(link, "mail", "info", "backstop");
    log_line(LOG_LEVEL_INFO, "elsewhere");
    log_configure("none", "mail", "info", "backstop");
    assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
}

// What is opened is judged, not its name; whatever is no regular file is refused at once.
static void only_regular_files_are_read(void **state)
{
    (void)state;
    g_autofree char *path = in_root("file"), *other = in_root("box"), *text = NULL;
    g_autoptr(GError) err = NULL;
    gsize size = 0;
    struct stat status;
    assert_false(files_read(path, 10, &text, &size, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE));
    g_clear_error(&err);
    assert_true(g_file_set_contents(path, "ab\0cd", 5, NULL));
    assert_true(files_read_as(path, FILES_NO_LINK, 5, &text, &size, &status, &err));
    assert_int_equal(size, 5);
    assert_int_equal(status.st_size, 5);
    assert_memory_equal(text, "ab\0cd", 6);
    g_clear_pointer(&text, g_free);
    assert_false(files_read(path, 4, &text, &size, NULL)); // too large
    assert_false(files_read(path, 5, &text, NULL, NULL));  // no text
    assert_int_equal(symlink("file", other), 0);
    assert_false(files_read_as(other, FILES_NO_LINK, 5, &text, &size, NULL, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG));
    g_clear_error(&err);
    assert_true(files_read(other, 5, &text, &size, &err));
    g_clear_pointer(&text, g_free);
    g_remove(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(files_read(other, 5, &text, &size, &err));
    assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG));
    g_clear_error(&err);
    assert_false(files_read(root, 5, &text, &size, NULL));
    assert_false(files_read("/dev/zero", 5, &text, &size, NULL));
    assert_false(files_read_argument("/dev/zero", 100000, &text, &size, NULL));
    assert_true(files_read_argument("/dev/null", 100000, &text, &size, NULL));
    assert_int_equal(size, 0);
    g_free(g_steal_pointer(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(segments_are_written_in_order, begin, end),
        cmocka_unit_test_setup_teardown(slow_and_broken_readers, begin, end),
        cmocka_unit_test_setup_teardown(directories_have_the_mode_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(replacing_is_all_or_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_is_unfinished_goes, begin, end),
        cmocka_unit_test_setup_teardown(dot_locks_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(dot_locks_keep_others_out, begin, end),
        cmocka_unit_test_setup_teardown(only_regular_files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(log_lines_are_lines, begin, end),
    };
    return tap_run(tests);
}
