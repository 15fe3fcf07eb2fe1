// SPDX-License-Identifier: MIT
// Variables that do something when they are set.
#include "procmail/rc-engine.h"

#include <stdlib.h>
#include <string.h>

static void set_linebuf(struct rc_engine *engine, const char *value)
{
    engine->linebuf = (gsize)CLAMP(rc_number(value, 0), (long)RC_LINEBUF_MIN, (long)RC_LINEBUF_MAX);
}

static void set_maildir(struct rc_engine *engine, const char *value)
{
    if (engine->host->change_directory(engine->host, value) == 0)
        return;
    rc_say_quoted(engine, "Couldn't chdir to", value);
    rc_set(engine, "MAILDIR", ".");
}

static void set_logfile(struct rc_engine *engine, const char *value)
{
    rc_log_flush(engine);
    const char *path = *value ? value : "/dev/null";
    rc_say_verbose(engine, "Opening", path);
    if (engine->host->log_open(engine->host, path) != 0)
        rc_say_quoted(engine, "Error while writing to", path);
    else
        engine->log_open = true;
}

static void set_log(struct rc_engine *engine, const char *value)
{
    rc_log(engine, value);
}

static void set_exitcode(struct rc_engine *engine, const char *value)
{
    (void)value;
    engine->exit_code_set = true;
}

static void set_shift(struct rc_engine *engine, const char *value)
{
    guint left = g_strv_length(rc_arguments(engine));
    long count = rc_number(value, 0);
    if (count > 0)
        engine->shifted += (guint)MIN((unsigned long)count, (unsigned long)left);
}

static void set_dropprivs(struct rc_engine *engine, const char *value)
{
    if (rc_number(value, 0) == 0)
        return;
    if (rc_is_verbose(engine))
        rc_say(engine, "Assuming identity of the recipient, VERBOSE=off\n");
    engine->host->drop_privileges(engine->host);
}

// The caller is told at once that the mail is delivered; a copy of the process goes on.
static void set_delivered(struct rc_engine *engine, const char *value)
{
    if (rc_number(value, 0) == 0)
        return;
    rc_log_flush(engine);
    pid_t pid = engine->host->split(engine->host);
    if (pid > 0) {
        g_clear_pointer(&engine->local_lock, g_free); // the other one's now
        g_clear_pointer(&engine->global_lock, g_free);
        rc_end(engine, RC_HANDED_OVER);
    } else if (pid < 0) {
        rc_say_quoted(engine, "Failed forking", "procmail");
    } else {
        engine->fake_delivered = true;
        engine->log_time = 0;
    }
}

static void set_lockfile(struct rc_engine *engine, const char *value)
{
    g_autofree char *name = g_strdup(value);
    if (!rc_lock(engine, &engine->global_lock, name))
        rc_set(engine, "LOCKFILE", NULL);
}

static void set_umask(struct rc_engine *engine, const char *value)
{
    engine->host->set_umask(engine->host, (mode_t)(strtol(value, NULL, 8) & 0777));
}

// The text of the rc file NAME; false when there is nothing to read: *MISSING_R tells whether that
// is an error.
static char *read_rc(struct rc_engine *engine, const char *name, gsize *length_r)
{
    char *text = engine->host->read_file(engine->host, name, length_r);
    if (!text)
        rc_say_quoted(engine, "Couldn't read", name);
    return text;
}

static bool names_file(const char *value)
{
    return *value && strcmp(value, "/dev/null") != 0;
}

static void set_includerc(struct rc_engine *engine, const char *value)
{
    gsize length;
    if (!engine->in_file || !names_file(value))
        return;
    g_autofree char *name = g_strdup(value);
    g_autofree char *text = read_rc(engine, name, &length);
    if (!text || length == 0)
        return;
    if (engine->files->len >= RC_MAX_FILES)
        rc_say_quoted(engine, "Too many nested rcfiles, skipped", name);
    else
        rc_run_text(engine, name, text, length);
}

static void set_switchrc(struct rc_engine *engine, const char *value)
{
    gsize length = 0;
    char *text = NULL;
    if (!engine->in_file)
        return;
    if (names_file(value)) {
        text = read_rc(engine, value, &length);
        if (!text)
            return;
        if (length == 0)
            g_clear_pointer(&text, g_free);
        if (!text)
            return;
    }
    engine->leave = true;
    engine->next_name = text ? g_strdup(value) : NULL;
    engine->next_text = text;
    engine->next_length = length;
}

static void set_host(struct rc_engine *engine, const char *value)
{
    const char *name = engine->host->host_name;
    if (strcmp(value, name) == 0)
        return;
    rc_say_verbose(engine, "HOST mismatched", name);
    rc_end(engine, engine->in_file && !engine->last_file ? RC_LEFT : RC_STOPPED);
}

static const struct special {
    const char *name;
    void (*set)(struct rc_engine *engine, const char *value);
} specials[] = {
    {"LINEBUF", set_linebuf},     {"MAILDIR", set_maildir},
    {"LOGFILE", set_logfile},     {"LOG", set_log},
    {"EXITCODE", set_exitcode},   {"SHIFT", set_shift},
    {"DROPPRIVS", set_dropprivs}, {"DELIVERED", set_delivered},
    {"LOCKFILE", set_lockfile},   {"UMASK", set_umask},
    {"INCLUDERC", set_includerc}, {"SWITCHRC", set_switchrc},
    {"HOST", set_host},
};

static const char *const number_names[RC_NUMBER_COUNT] = {
    "LOCKSLEEP", "LOCKTIMEOUT", "SUSPEND", "NORESRETRY", "TIMEOUT", "VERBOSE", "LOGABSTRACT"};

void rc_assigned(struct rc_engine *engine, const char *name, const char *value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(specials); i++) {
        if (strcmp(specials[i].name, name) == 0) {
            specials[i].set(engine, value);
            return;
        }
    }
    for (int i = 0; i < RC_NUMBER_COUNT; i++)
        if (strcmp(number_names[i], name) == 0)
            engine->numbers[i] = rc_number(value, engine->numbers[i]);
}
