// SPDX-License-Identifier: MIT
#include "base/log.h"

#include "base/auto.h"
#include "base/files.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

// Whoever reads our standard error may stop reading: a line waits for him no longer than this.
#define STDERR_MILLISECONDS 1000
// A line longer than this is cut: reasons are short, and syslog daemons cut at 8 KiB themselves.
#define LOG_LINE_MAX 4000

static struct {
    char *destination;
    char *program;
    int facility;
    enum log_level level;
    bool opened; // openlog was called
    int error;   // where "stderr" is
    bool stuck;  // nobody read it the last time
} state = {.level = LOG_LEVEL_INFO, .error = STDERR_FILENO};

struct facility {
    const char *name;
    int value;
};

static const struct facility facilities[] = {
    {"mail", LOG_MAIL},     {"daemon", LOG_DAEMON}, {"user", LOG_USER},     {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_configure(const char *destination, const char *facility, const char *level,
                   const char *program)
{
    if (state.opened) // a file is opened for each line
        closelog();
    state.opened = false;
    g_free(state.destination);
    g_free(state.program);
    state.destination = g_strdup(destination);
    state.program = g_strdup(program);
    state.facility = LOG_MAIL;
    for (gsize i = 0; i < G_N_ELEMENTS(facilities); i++) {
        if (strcmp(facilities[i].name, facility) == 0)
            state.facility = facilities[i].value;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(level_names); i++) {
        if (strcmp(level_names[i], level) == 0)
            state.level = (enum log_level)i;
    }
}

static void to_syslog(enum log_level level, const char *line)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    if (!state.opened) {
        openlog(state.program, LOG_PID, state.facility);
        state.opened = true;
    }
    syslog(priorities[level], "%s", line);
}

// One write to a file opened with O_APPEND: lines of many processes do not mix.
static bool to_file(const char *path, const char *line)
{
    mda_autofd fd =
        files_open_to_append(path, FILES_NO_LINK, 0600, FILES_OURS_OR_ROOTS, NULL, NULL);
    if (fd < 0)
        return false;
    char stamp[40] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z", &local);
    g_autofree char *text =
        g_strdup_printf("%s %s[%d]: %s\n", stamp, state.program, (int)getpid(), line);
    gsize length = strlen(text);
    return write(fd, text, length) == (ssize_t)length;
}

// A pipe that is ready takes PIPE_BUF bytes, which is more than a line has, without a wait.
static void to_stderr(const char *line)
{
    g_autofree char *text =
        g_strdup_printf("%s: %s\n", state.program ? state.program : "backstop", line);
    struct pollfd wait = {.fd = state.error, .events = POLLOUT};
    bool ready = poll(&wait, 1, state.stuck ? 0 : STDERR_MILLISECONDS) == 1;
    state.stuck = !ready;
    if (ready && (wait.revents & POLLOUT)) {
        ssize_t ignored = write(state.error, text, strlen(text));
        (void)ignored;
    }
}

bool log_keep_stderr(void)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (kept < 0)
        return false;
    if (state.error != STDERR_FILENO)
        close(state.error);
    state.error = kept;
    return true;
}

void log_reopen(void)
{
    closelog();
    state.opened = false;
    state.error = STDERR_FILENO;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > state.level)
        return;
    va_list ap;
    va_start(ap, format);
    g_autofree char *raw = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *line = text_printable(raw, -1, LOG_LINE_MAX);
    const char *destination = state.destination ? state.destination : "stderr";
    if (strcmp(destination, "none") == 0)
        return;
    if (strcmp(destination, "stderr") == 0)
        to_stderr(line);
    else if (strcmp(destination, "syslog") == 0 || !to_file(destination, line))
        to_syslog(level, line);
}
