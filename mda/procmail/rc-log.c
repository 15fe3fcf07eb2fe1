// SPDX-License-Identifier: MIT
// The log as procmail writes it: its own lines, LOG's text as it is, and the abstract of a
// delivery.
#include "procmail/rc-engine.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_MAX 60
#define SUBJECT_MAX 78
#define SIZE_COLUMN 72
#define TAB_WIDTH 8

bool rc_is_verbose(const struct rc_engine *engine)
{
    return engine->numbers[RC_VERBOSE] > 0;
}

void rc_log_flush(struct rc_engine *engine)
{
    if (engine->pending_log->len > 0)
        engine->host->log(engine->host, engine->pending_log->str, engine->pending_log->len);
    g_string_truncate(engine->pending_log, 0);
}

// Lines are written whole, so that those of several processes do not mix.
void rc_log(struct rc_engine *engine, const char *text)
{
    g_string_append(engine->pending_log, text);
    gsize length = engine->pending_log->len;
    if (length > 0 && (!*text || engine->pending_log->str[length - 1] == '\n'))
        rc_log_flush(engine);
}

void rc_say(struct rc_engine *engine, const char *what)
{
    time_t now = time(NULL);
    rc_log(engine, "procmail: ");
    if (rc_is_verbose(engine) && now != engine->log_time) {
        char date[64];
        struct tm parts;
        engine->log_time = now;
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &parts));
        g_autofree char *stamp = g_strdup_printf("[%ld] %s\nprocmail: ", (long)getpid(), date);
        rc_log(engine, stamp);
    }
    rc_log(engine, what);
}

void rc_quote(struct rc_engine *engine, const char *text)
{
    rc_log(engine, " \"");
    if (*text)
        rc_log(engine, text);
    rc_log(engine, "\"\n");
}

void rc_say_quoted(struct rc_engine *engine, const char *what, const char *text)
{
    rc_say(engine, what);
    rc_quote(engine, text);
}

void rc_say_verbose(struct rc_engine *engine, const char *what, const char *text)
{
    if (rc_is_verbose(engine))
        rc_say_quoted(engine, what, text);
}

void rc_engine_say(struct rc_engine *engine, const char *what, const char *quoted)
{
    rc_say(engine, what);
    if (quoted)
        rc_quote(engine, quoted);
}

static void log_without_tabs(struct rc_engine *engine, const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    g_strdelimit(copy, "\t\n\r\v\f", ' ');
    if (*copy)
        rc_log(engine, copy);
}

// The From_ line whole, and the first line of the Subject.
static void log_header(struct rc_engine *engine)
{
    gsize size;
    const char *at = rc_message_part(&engine->message, RC_HEAD, &size), *end = at + size;
    bool first = true;
    while (at < end) {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        gsize length = (gsize)((newline ? newline : end) - at);
        if (first && g_str_has_prefix(at, "From ")) {
            g_autofree char *line = g_strndup(at, length);
            rc_log(engine, line);
            rc_log(engine, "\n");
        }
        first = false;
        if (engine->hasty)
            return; // a signal came: no more than the From_ line
        if (length >= 8 && g_ascii_strncasecmp(at, "Subject:", 8) == 0) {
            rc_log(engine, " ");
            log_without_tabs(engine, at, MIN(length, SUBJECT_MAX));
            rc_log(engine, "\n");
            return;
        }
        at += length + 1;
    }
}

void rc_log_abstract(struct rc_engine *engine, const char *folder)
{
    long wanted = engine->numbers[RC_LOGABSTRACT];
    if (!(wanted > 0 || (wanted && (engine->log_open || rc_is_verbose(engine)))))
        return;
    static const char label[] = "  Folder: ";
    if (engine->message.data)
        log_header(engine);
    rc_log(engine, label);
    gsize length = MIN(strlen(folder), FOLDER_MAX);
    log_without_tabs(engine, folder, length);
    gsize column = (length + strlen(label)) / TAB_WIDTH * TAB_WIDTH;
    do {
        rc_log(engine, "\t");
        column += TAB_WIDTH;
    } while (column < SIZE_COLUMN);
    g_autofree char *size = g_strdup_printf("%7" G_GSIZE_FORMAT "\n", engine->last_size);
    rc_log(engine, size);
}
