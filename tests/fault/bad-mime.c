// SPDX-License-Identifier: MIT
// A MIME module that does to the judge what a hostile message would like to: BAD_MIME in the
// environment says what. It stands in a directory of its own, for $BACKSTOP_MODULE_DIR.
#include "config.h"
#include "message/mime-module.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hog(void)
{
    for (;;) {
        char *more = g_malloc(16 * 1024 * 1024);
        memset(more, 1, 16 * 1024 * 1024);
    }
}

// Crashes unless there is nothing but /dev/null in 0 to 2 and one pipe.
static void count_descriptors(void)
{
    guint pipes = 0;
    for (int fd = 0; fd < 1000; fd++) {
        g_autofree char *place = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *file = g_file_read_link(place, NULL);
        if (file && g_str_has_prefix(file, "pipe:"))
            pipes++;
        else if (file && (fd > 2 || strcmp(file, "/dev/null") != 0))
            raise(SIGSEGV);
    }
    if (pipes != 1)
        raise(SIGSEGV);
    _exit(0);
}

static void misbehave(const char *how)
{
    if (strcmp(how, "crash") == 0)
        raise(SIGSEGV);
    else if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "exit") == 0)
        _exit(0);
    else if (strcmp(how, "exit-wrong") == 0)
        _exit(67);
    else if (strcmp(how, "descriptors") == 0)
        count_descriptors();
    else if (strcmp(how, "hog") == 0)
        hog();
    else if (strcmp(how, "stop") == 0)
        raise(SIGSTOP);
    else if (strcmp(how, "nonsense") == 0)
        for (int fd = 0; fd < 20; fd++)
            (void)!write(fd, "5.1.1 nobody\nbackscatter\n", 25);
    if (strcmp(how, "nonsense") == 0)
        _exit(0);
    if (strcmp(how, "flood") == 0)
        for (int fd = 3;; fd = fd == 20 ? 3 : fd + 1)
            (void)!write(fd, "dsn-failure\n", 12);
    // Mail that goes where the judge has no business, and a program.
    if (strcmp(how, "write") == 0) {
        g_autofree char *path = g_build_filename(getenv("HOME"), "written-by-the-judge", NULL);
        (void)!g_file_set_contents(path, "x", 1, NULL);
        execl("/bin/sh", "sh", "-c", "echo x >\"$HOME/started-by-the-judge\"", (char *)NULL);
        _exit(0);
    }
    // A child that keeps the pipe, and one that lets go of it, and neither ever ends.
    if (strcmp(how, "orphan") == 0 && fork() != 0)
        _exit(0);
    if (strcmp(how, "deaf") == 0)
        for (int fd = 0; fd < 100; fd++)
            close(fd);
    alarm(20); // if nobody else ends it
    while (strcmp(how, "spin") == 0)
        continue;
    for (;;)
        sleep(30);
}

static void parse(GBytes *bytes, const struct mime_limits *limits, struct mime_tree *tree)
{
    (void)bytes, (void)limits, (void)tree;
    const char *how = getenv("BAD_MIME");
    misbehave(how ? how : "crash");
}

extern const struct mime_module backstop_module;
const struct mime_module backstop_module = {
    .head = {.version = PACKAGE_VERSION},
    .parse = parse,
};
