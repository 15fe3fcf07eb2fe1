// SPDX-License-Identifier: MIT
#include "cmd/output.h"

#include "base/child.h"
#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24
#define STATUS_NO_PROGRAM 127

bool output_has_colour(FILE *stream)
{
    const char *none = g_getenv("NO_COLOR");
    const char *terminal = g_getenv("TERM");
    return isatty(fileno(stream)) && !(none && *none) && terminal && *terminal &&
           strcmp(terminal, "dumb") != 0;
}

bool output_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = g_getenv(names[i]);
        if (!value || !*value)
            continue;
        g_autofree char *lower = g_ascii_strdown(value, -1);
        return strstr(lower, "utf-8") || strstr(lower, "utf8");
    }
    return false;
}

static struct winsize window(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    return size;
}

guint output_columns(void)
{
    const char *columns = g_getenv("COLUMNS");
    const guint64 given = columns ? g_ascii_strtoull(columns, NULL, 10) : 0;
    const guint real = window().ws_col;
    return real ? real : given > 0 && given < 1000 ? (guint)given : COLUMNS_DEFAULT;
}

const char *output_colour(FILE *stream, enum output_colour colour)
{
    static const char *const codes[] = {"\033[0m", "\033[32m", "\033[31m", "\033[33m", "\033[2m"};
    return output_has_colour(stream) ? codes[colour] : "";
}

enum output_colour output_verdict_colour(const char *verdict)
{
    static const struct {
        const char *verdict;
        enum output_colour colour;
    } known[] = {{"genuine", OUTPUT_GOOD},
                 {"backscatter", OUTPUT_BAD},
                 {"suspect", OUTPUT_DOUBT},
                 {"unknown", OUTPUT_DOUBT}};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].verdict, verdict) == 0)
            return known[i].colour;
    }
    return OUTPUT_PLAIN;
}

static guint count_lines(const char *text)
{
    guint lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static const char *pager(void)
{
    const char *name = g_getenv("BACKSTOP_PAGER");
    if (!name)
        name = g_getenv("PAGER");
    return name ? name : "less -R";
}

// Shows TEXT by the program NAME, which has the terminal meanwhile. False when it did not work.
static bool page(const char *name, const char *text)
{
    struct child child;
    fflush(stdout);
    if (!child_start(&child, CHILD_FED))
        return false;
    if (child.pid == 0) {
        if (dup2(child.fed[0], STDIN_FILENO) == STDIN_FILENO)
            execl("/bin/sh", "sh", "-c", name, (char *)NULL);
        _exit(STATUS_NO_PROGRAM);
    }
    signal(SIGPIPE, SIG_IGN); // who leaves the pager early has seen enough
    signal(SIGINT, SIG_IGN);  // and what is typed is for it
    const struct file_segment segment = {text, strlen(text)};
    struct child_talk talk = {.segments = &segment, .count = 1};
    const struct deadline forever = deadline_in(-1);
    int status;
    (void)child_talk(&child, &talk, &forever);
    child_close(&child);
    return child_reap(child.pid, &forever, NULL, &status) && child_exit_status(status) == 0;
}

void output_long(const char *text)
{
    const guint rows = window().ws_row;
    const char *name = pager();
    const bool shown = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
    if (shown && *name && strcmp(name, "cat") != 0 &&
        count_lines(text) >= (rows ? rows : ROWS_DEFAULT) && page(name, text))
        return;
    fputs(text, stdout);
}

void output_await(const char *what)
{
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "backstop: reading %s from the terminal; end it with Ctrl-D\n", what);
}

bool output_finish(void)
{
    const bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0)
        return false;
    errno = failed ? EIO : 0; // why is not known any more
    return !failed;
}
