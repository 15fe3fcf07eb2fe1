// SPDX-License-Identifier: MIT
// A MIME module that does to the judge what a hostile message would like to: BAD_MIME in the
// environment says what. It stands in a directory of its own, for $BACKSTOP_MODULE_DIR.
#include "config.h"
#include "message/mime-module.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
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

static void tried(GString *report, const char *what, bool done)
{
    g_string_append_printf(report, "%s %s\n", what, done ? "DONE" : "no");
}

static bool listens(int family)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(family, SOCK_STREAM, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(fd, 1) == 0;
}

// To the port that somebody listens at.
static bool connects(void)
{
    const char *port = getenv("BAD_MIME_PORT");
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((guint16)atoi(port ? port : "1")),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool owns_signals(void)
{
    int ends[2];
    return pipe(ends) == 0 && fcntl(ends[0], F_SETOWN, getppid()) == 0;
}

static bool forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

// What a judge in another's hands would like to do to the user's files and processes. What came of
// it is written where it may write.
static void escape(void)
{
    g_autoptr(GString) report = g_string_new(NULL);
    g_autofree char *mine = g_build_filename(getenv("HOME"), "precious", NULL);
    g_autofree char *new = g_build_filename(getenv("HOME"), "new", NULL);
    g_autofree char *out =
        g_build_filename(getenv("HOME"), ".local/state/backstop", "escape-report", NULL);
    struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    tried(report, "open", open(mine, O_WRONLY | O_CLOEXEC) >= 0);
    tried(report, "truncate", truncate(mine, 0) == 0);
    tried(report, "open-truncate", open(mine, O_RDONLY | O_TRUNC | O_CLOEXEC) >= 0);
    tried(report, "chmod", chmod(mine, 0666) == 0);
    tried(report, "fchmod", fchmod(open(mine, O_RDONLY | O_CLOEXEC), 0666) == 0);
    tried(report, "times", utimensat(AT_FDCWD, mine, now, 0) == 0);
    tried(report, "xattr", setxattr(mine, "user.x", "x", 1, 0) == 0);
    tried(report, "unlink", unlink(mine) == 0);
    tried(report, "rename", rename(mine, new) == 0);
    tried(report, "link", link(mine, new) == 0);
    tried(report, "symlink", symlink("x", new) == 0);
    tried(report, "mkdir", mkdir(new, 0700) == 0);
    tried(report, "fork", forks());
    tried(report, "exec", execl("/bin/true", "true", (char *)NULL) == 0);
    tried(report, "signal", kill(getppid(), 0) == 0);
    tried(report, "signal-all", kill(-1, 0) == 0);
    tried(report, "signal-owner", owns_signals());
    tried(report, "ptrace", ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0);
    tried(report, "listen", listens(AF_INET));
    tried(report, "unix", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    tried(report, "netlink", socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    tried(report, "connect", connects());
    tried(report, "limits", prlimit(getppid(), RLIMIT_CORE, NULL, NULL) == 0);
    tried(report, "unshare", unshare(CLONE_NEWUSER) == 0);
    (void)!g_file_set_contents(out, report->str, (gssize)report->len, NULL);
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
    else if (strcmp(how, "escape") == 0)
        escape();
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
