// SPDX-License-Identifier: MIT
#include "base/log.h"

#include "base/auto.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

// Whoever reads our standard error may stop reading: a line waits for him no longer than this.
#define STDERR_MILLISECONDS 1000
// A line longer than this is cut: reasons are short, and syslog daemons cut at 8 KiB themselves.
#define LOG_LINE_MAX 4000
#define LOG_VALUE_MAX 1000

static struct {
    char *destination;
    int facility;
    bool json;
    enum log_level level;
    bool opened; // openlog was called
    int error;   // where "stderr" is
    bool stuck;  // nobody read it the last time
} state = {.level = LOG_LEVEL_INFO, .error = STDERR_FILENO};

struct log_fields {
    GPtrArray *words; // char *: key, value, key …
};

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
                   const char *format)
{
    if (state.opened) // a file is opened for each line
        closelog();
    state.opened = false;
    g_free(state.destination);
    state.destination = g_strdup(destination);
    state.json = strcmp(format, "json") == 0;
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

static char *time_stamp(void)
{
    char stamp[40] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local))
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z", &local);
    return g_strdup(stamp);
}

static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

static void to_syslog(enum log_level level, const char *line)
{
    if (!state.opened) {
        openlog(LOG_PROGRAM, LOG_PID, state.facility);
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
    g_autofree char *stamp = time_stamp();
    g_autofree char *text =
        state.json ? g_strconcat(line, "\n", NULL)
                   : g_strdup_printf("%s " LOG_PROGRAM "[%d]: %s\n", stamp, (int)getpid(), line);
    const off_t before = lseek(fd, 0, SEEK_END);
    gsize length = strlen(text);
    ssize_t written = write(fd, text, length);
    // A part of a line (a limit, a full disk) is worse than none where another place takes it all.
    if (written > 0 && (gsize)written < length && lseek(fd, 0, SEEK_END) == before + written &&
        ftruncate(fd, before) != 0)
        return false;
    return written == (ssize_t)length;
}

// A pipe that is ready takes PIPE_BUF bytes, which is more than a line has, without a wait.
static void to_stderr(const char *line)
{
    g_autofree char *text = g_strdup_printf("%s%s\n", state.json ? "" : LOG_PROGRAM ": ", line);
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

// ---- The journal (systemd's "Native Journal Protocol")

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static void journal_field(GString *out, const char *prefix, const char *key, const char *value)
{
    g_autofree char *name = g_strconcat(prefix, key, NULL);
    for (char *at = name; *at; at++)
        *at = (char)(*at == '-' ? '_' : g_ascii_toupper(*at));
    // Values of ours hold no line end (text_printable).
    g_string_append_printf(out, "%s=%s\n", name, value);
}

static bool to_journal(enum log_level level, const char *line, const struct log_fields *fields)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *priority = g_strdup_printf("%d", priorities[level]);
    g_autofree char *facility = g_strdup_printf("%d", state.facility >> 3);
    journal_field(out, "", "MESSAGE", line);
    journal_field(out, "", "PRIORITY", priority);
    journal_field(out, "", "SYSLOG_FACILITY", facility);
    journal_field(out, "", "SYSLOG_IDENTIFIER", LOG_PROGRAM);
    for (guint i = 0; fields && i + 1 < fields->words->len; i += 2)
        journal_field(out, "BACKSTOP_", g_ptr_array_index(fields->words, i),
                      g_ptr_array_index(fields->words, i + 1));
    mda_autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && sendto(fd, out->str, out->len, MSG_NOSIGNAL, (const void *)&address,
                             sizeof address) == (ssize_t)out->len;
}

// ---- Lines

static void write_line(enum log_level level, const char *line, const struct log_fields *fields)
{
    const char *destination = state.destination ? state.destination : "stderr";
    if (strcmp(destination, "none") == 0)
        return;
    if (strcmp(destination, "stderr") == 0)
        to_stderr(line);
    else if (strcmp(destination, "journal") == 0  ? to_journal(level, line, fields)
             : strcmp(destination, "syslog") == 0 ? false
                                                  : to_file(destination, line))
        return;
    else
        to_syslog(level,
                  line); // never to standard error: to Exim what a program prints is a failure
}

static void begin_object(struct json *json, enum log_level level)
{
    g_autofree char *stamp = time_stamp();
    json_begin_object(json, NULL);
    json_string(json, "time", stamp);
    json_string(json, "program", LOG_PROGRAM);
    json_number(json, "pid", getpid());
    json_string(json, "level", level_names[level]);
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
    if (state.json) {
        struct json *json = json_new();
        begin_object(json, level);
        json_string(json, "message", line);
        json_end_object(json);
        g_free(line);
        line = json_free_to_text(json);
        g_strchomp(line);
    }
    write_line(level, line, NULL);
}

struct log_fields *log_fields_new(void)
{
    struct log_fields *fields = g_new0(struct log_fields, 1);
    fields->words = g_ptr_array_new_with_free_func(g_free);
    return fields;
}

void log_fields_add(struct log_fields *fields, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    g_ptr_array_add(fields->words, g_strdup(key));
    g_ptr_array_add(fields->words, text_printable(value, -1, LOG_VALUE_MAX));
}

static void append_logfmt(GString *out, const char *key, const char *value)
{
    g_string_append_printf(out, "%s%s=", out->len > 0 ? " " : "", key);
    if (!strpbrk(value, " \"=\\\t")) {
        g_string_append(out, value);
        return;
    }
    g_string_append_c(out, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *value);
    }
    g_string_append_c(out, '"');
}

static char *fields_as_text(enum log_level level, const struct log_fields *fields)
{
    struct json *json = state.json ? json_new() : NULL;
    GString *text = g_string_new(NULL);
    if (json)
        begin_object(json, level);
    for (guint i = 0; i + 1 < fields->words->len; i += 2) {
        const char *key = g_ptr_array_index(fields->words, i);
        const char *value = g_ptr_array_index(fields->words, i + 1);
        if (json)
            json_string(json, key, value);
        else
            append_logfmt(text, key, value);
    }
    if (!json)
        return g_string_free(text, FALSE);
    g_string_free(text, TRUE);
    json_end_object(json);
    return g_strchomp(json_free_to_text(json));
}

void log_fields_write(enum log_level level, struct log_fields *fields)
{
    if (level <= state.level) {
        g_autofree char *line = fields_as_text(level, fields);
        write_line(level, line, fields);
    }
    g_ptr_array_unref(fields->words);
    g_free(fields);
}

void log_tell_caller(const char *format, ...)
{
    if (!state.destination || strcmp(state.destination, "stderr") == 0)
        return;
    va_list ap;
    va_start(ap, format);
    g_autofree char *raw = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autofree char *line = text_printable(raw, -1, LOG_VALUE_MAX);
    g_autofree char *text = g_strconcat(LOG_PROGRAM ": ", line, "\n", NULL);
    struct pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&wait, 1, STDERR_MILLISECONDS) == 1 && (wait.revents & POLLOUT)) {
        ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
        (void)ignored;
    }
}
