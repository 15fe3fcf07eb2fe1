// SPDX-License-Identifier: MIT
// A world for procmail's engine that is only remembered: deliveries and log are text, programs
// print what they are told to, nothing is touched.
#pragma once

#include "procmail/rc-procmail.h"

#include <errno.h>
#include <string.h>

struct fake_host {
    struct procmail_host host;
    GString *log;
    GString *deliveries; // "folder\n" each
    const char *refuse;  // the folder that cannot be written, or NULL
    const char *output;  // what every program prints
    int status;          // and ends with
    GHashTable *files;   // name -> text, for INCLUDERC
    guint programs;      // run so far
};

static void fake_log(struct procmail_host *host, const char *text, gsize length)
{
    g_string_append_len(((struct fake_host *)host)->log, text, (gssize)length);
}

static int fake_succeed(struct procmail_host *host, const char *path)
{
    (void)host;
    (void)path;
    return 0;
}

static void fake_umask(struct procmail_host *host, mode_t mask)
{
    (void)host;
    (void)mask;
}

static char *fake_read_file(struct procmail_host *host, const char *path, gsize *length_r)
{
    GHashTable *files = ((struct fake_host *)host)->files;
    const char *text = files ? g_hash_table_lookup(files, path) : NULL;
    *length_r = text ? strlen(text) : 0;
    return g_strdup(text);
}

static void fake_run(struct procmail_host *host, const struct procmail_program *program,
                     struct procmail_ended *ended_r)
{
    struct fake_host *fake = (struct fake_host *)host;
    fake->programs++;
    *ended_r = (struct procmail_ended){.started = true, .status = fake->status};
    if (program->output)
        g_string_append(program->output, fake->output ? fake->output : "");
}

static pid_t fake_split(struct procmail_host *host)
{
    (void)host;
    return -1;
}

static int fake_await(struct procmail_host *host, pid_t pid, unsigned timeout, bool *timed_out_r)
{
    (void)host;
    (void)pid;
    (void)timeout;
    *timed_out_r = false;
    return 0;
}

static enum procmail_folder fake_kind(struct procmail_host *host, const char *name)
{
    (void)host;
    return g_str_has_suffix(name, "/") ? PROCMAIL_MAILDIR : PROCMAIL_FILE;
}

static bool fake_deliver(struct procmail_host *host, const struct procmail_delivery *delivery,
                         struct procmail_delivered *delivered_r)
{
    struct fake_host *fake = (struct fake_host *)host;
    *delivered_r = (struct procmail_delivered){0};
    if (fake->refuse && strcmp(delivery->folder, fake->refuse) == 0)
        return false;
    g_string_append_printf(fake->deliveries, "%s\n", delivery->folder);
    delivered_r->folder = g_strdup(delivery->folder);
    delivered_r->written = delivery->size;
    return true;
}

static int fake_lock(struct procmail_host *host, const char *path, gint64 *age_r)
{
    (void)host;
    (void)path;
    *age_r = -1;
    return 0;
}

static void fake_pause(struct procmail_host *host, unsigned seconds)
{
    (void)host;
    (void)seconds;
}

static bool fake_interrupted(struct procmail_host *host)
{
    (void)host;
    return false;
}

static void fake_drop(struct procmail_host *host)
{
    (void)host;
}

static void fake_host_init(struct fake_host *fake)
{
    *fake = (struct fake_host){
        .host = {.log = fake_log,
                 .log_open = fake_succeed,
                 .change_directory = fake_succeed,
                 .set_umask = fake_umask,
                 .read_file = fake_read_file,
                 .run = fake_run,
                 .split = fake_split,
                 .await = fake_await,
                 .folder_kind = fake_kind,
                 .deliver = fake_deliver,
                 .lock = fake_lock,
                 .unlock = fake_succeed,
                 .pause = fake_pause,
                 .interrupted = fake_interrupted,
                 .drop_privileges = fake_drop,
                 .host_name = "host"},
        .log = g_string_new(NULL),
        .deliveries = g_string_new(NULL),
    };
}

static void fake_host_clear(struct fake_host *fake)
{
    g_string_free(fake->log, TRUE);
    g_string_free(fake->deliveries, TRUE);
    if (fake->files)
        g_hash_table_unref(fake->files);
}
