// SPDX-License-Identifier: MIT
// base/child.h: children that answer, that hang, that say too much, that leave early.
#include "base/child.h"

#include "base/auto.h"

#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cm.h"

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        _exit(99);
}

// Starts a child that runs BODY; returns in the parent.
static struct child begin(enum child_pipes pipes, void (*body)(struct child *child))
{
    struct child child;
    assert_true(child_start(&child, pipes));
    if (child.pid == 0) {
        body(&child);
        _exit(7);
    }
    return child;
}

static int end(struct child *child)
{
    const struct deadline deadline = deadline_in(20000);
    int status = 0;
    child_close(child);
    assert_true(child_reap(child->pid, &deadline, NULL, &status));
    return child_exit_status(status);
}

static void echo(struct child *child)
{
    char buffer[65536];
    ssize_t got;
    while ((got = read(child->fed[0], buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0, put; at < got; at += put) {
            if ((put = write(child->heard[1], buffer + at, (size_t)(got - at))) < 0)
                _exit(98);
        }
    }
}

// More than both pipes hold: who first writes all and then reads would wait for ever.
static void test_both_ways(void **state)
{
    (void)state;
    g_autofree char *large = g_strnfill(400000, 'x');
    const struct file_segment parts[] = {{"head", 4}, {NULL, 0}, {large, 400000}, {"tail", 4}};
    g_autoptr(GString) said = g_string_new(NULL);
    struct child_talk talk = {
        .segments = parts, .count = G_N_ELEMENTS(parts), .said = said, .limit = G_MAXSIZE};
    const struct deadline deadline = deadline_in(20000);
    struct child child = begin(CHILD_FED | CHILD_HEARD, echo);
    assert_int_equal(child_talk(&child, &talk, &deadline), CHILD_DONE);
    assert_true(child_is_fed(&talk));
    assert_int_equal(said->len, 400008);
    assert_true(g_str_has_prefix(said->str, "headx") && g_str_has_suffix(said->str, "xtail"));
    assert_int_equal(end(&child), 7);
}

static void hang(struct child *child)
{
    say(child->heard[1], "half");
    sleep(60);
}

static void test_late(void **state)
{
    (void)state;
    g_autoptr(GString) said = g_string_new(NULL);
    struct child_talk talk = {.said = said, .limit = 100};
    struct deadline deadline = deadline_in(50);
    struct child child = begin(CHILD_HEARD, hang);
    int status = 0;
    assert_int_equal(child_talk(&child, &talk, &deadline), CHILD_LATE);
    assert_false(child_reap(child.pid, &deadline, NULL, &status));
    assert_true(child_kill(child.pid, false, &status));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(child_exit_status(status), 128 + SIGKILL);
    assert_true(child_reap(child.pid, &deadline, NULL, &status));
    assert_int_equal(status, CHILD_NOT_OURS);
    assert_int_equal(child_exit_status(status), EX_OSERR);
    child_close(&child);
}

static void chatter(struct child *child)
{
    say(child->heard[1], "0123456789");
    char buffer[16];
    gsize got = 0;
    for (ssize_t more; (more = read(child->fed[0], buffer, sizeof buffer)) > 0;)
        got += (gsize)more;
    _exit(got == 5 ? 0 : 1);
}

// Who says too much is heard no further, but still gets all its input unless that is not wanted.
static void test_verbose(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        const struct file_segment part = {"12345", 5};
        g_autoptr(GString) said = g_string_new(NULL);
        struct child_talk talk = {
            .segments = &part, .count = 1, .said = said, .limit = 4, .ends_at_limit = ends};
        const struct deadline deadline = deadline_in(20000);
        struct child child = begin(CHILD_FED | CHILD_HEARD, chatter);
        assert_int_equal(child_talk(&child, &talk, &deadline), CHILD_VERBOSE);
        assert_string_equal(said->str, "0123");
        int status = end(&child);
        if (!ends)
            assert_int_equal(status, 0);
    }
}

static void speak_and_stay(struct child *child)
{
    if (write(child->heard[1], "done", 5) != 5)
        _exit(99);
    sleep(60);
}

static void test_word_of_end(void **state)
{
    (void)state;
    g_autoptr(GString) said = g_string_new(NULL);
    struct child_talk talk = {.said = said, .limit = 100, .ends_at_nul = true};
    const struct deadline deadline = deadline_in(20000);
    struct child child = begin(CHILD_HEARD, speak_and_stay);
    int status;
    assert_int_equal(child_talk(&child, &talk, &deadline), CHILD_DONE);
    assert_string_equal(said->str, "done");
    assert_true(child_kill(child.pid, false, &status));
    child_close(&child);
}

static void leave(struct child *child)
{
    mda_close_fd(&child->fed[0]);
    _exit(3);
}

static void test_leaves_early(void **state)
{
    (void)state;
    g_autofree char *large = g_strnfill(400000, 'x');
    const struct file_segment part = {large, 400000};
    struct child_talk talk = {.segments = &part, .count = 1};
    const struct deadline deadline = deadline_in(20000);
    struct child child = begin(CHILD_FED, leave);
    assert_int_equal(child_talk(&child, &talk, &deadline), CHILD_DONE);
    assert_false(child_is_fed(&talk));
    assert_int_equal(end(&child), 3);
}

static void idle(struct child *child)
{
    (void)child;
    sleep(60);
}

static void test_stop(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 1;
    const struct deadline never = deadline_in(-1);
    struct child child = begin(CHILD_APART, idle);
    int status;
    assert_false(child_reap(child.pid, &never, &stop, &status));
    assert_true(child_kill(child.pid, false, &status));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),    cmocka_unit_test(test_late),
        cmocka_unit_test(test_verbose),      cmocka_unit_test(test_word_of_end),
        cmocka_unit_test(test_leaves_early), cmocka_unit_test(test_stop),
    };
    return tap_run(tests);
}
