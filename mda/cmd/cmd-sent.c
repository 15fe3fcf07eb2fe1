// SPDX-License-Identifier: MIT
// backstop sent: records outgoing mail, so that reports on it can be told from others. Four ways:
// one message on standard input, a list of Message-IDs, folders of sent mail, and around the
// sendmail command. None of them loses or delays mail: what cannot be recorded is a line in the
// log.
#include "base/address.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/sent-import.h"
#include "cmd/sent-list.h"
#include "ledger/ledger.h"
#include "ledger/sent-record.h"
#include "message/spool.h"
#include "milter/sendmail-wrapper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// How long a pipe waits for other writers; the MTA tries again later.
#define PIPE_MS 10000
// Lists and imports wait as long as it takes, within reason.
#define BULK_MS 600000
// Records between two commits, so that others get their turn.
#define BATCH 100000
#define FIELDS 4

static char *sender;
static char *sendmail_path;
static char *since;
static gboolean ids, import, list, forget, force, quiet;

static const GOptionEntry entries[] = {
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &sender, "The envelope sender", "ADDRESS"},
    {"ids", 0, 0, G_OPTION_ARG_NONE, &ids,
     "Read lines of Message-ID [TAB time [TAB sender [TAB recipient]]] from FILE or stdin", NULL},
    {"import", 0, 0, G_OPTION_ARG_NONE, &import, "Record what is in folders of sent mail", NULL},
    {"list", 0, 0, G_OPTION_ARG_NONE, &list,
     "Show what was recorded on which day, or what is known of Message-IDs and addresses", NULL},
    {"forget", 0, 0, G_OPTION_ARG_NONE, &forget, "Forget Message-IDs and addresses", NULL},
    {"since", 0, 0, G_OPTION_ARG_FILENAME, &since,
     "With --forget: all that was recorded since then (2026-11-30, 2h)", "TIME"},
    {"force", 0, 0, G_OPTION_ARG_NONE, &force,
     "With --import: record letters that do not look like the user's own, too", NULL},
    {"sendmail", 0, 0, G_OPTION_ARG_FILENAME, &sendmail_path,
     "Record, and hand the message to this program with the arguments behind --", "PROGRAM"},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "No progress bar and no closing line", NULL},
    G_OPTION_ENTRY_NULL};

static int complain(const GError *err)
{
    fprintf(stderr, "backstop sent: %s\n", err->message);
    log_line(LOG_LEVEL_WARNING, "sent: %s", err->message);
    return STATUS_TEMPFAIL;
}

static int record_stdin(const struct conf *conf, char **recipients)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) bytes = NULL;
    if (!spool_read(STDIN_FILENO, NULL, &bytes, &err) ||
        !sent_record(conf, bytes, sender, (const char *const *)recipients, PIPE_MS, &err))
        return complain(err);
    return STATUS_OK;
}

// Lists are taken in step by step.
struct bulk {
    struct ledger *ledger;
    struct progress progress;
    guint64 wrong;
};

static bool bulk_record(struct bulk *bulk, const struct sent_message *message, GError **err)
{
    if (!ledger_record(bulk->ledger, message, err))
        return false;
    progress_step(&bulk->progress);
    if (bulk->progress.done % BATCH != 0)
        return true;
    return ledger_commit(bulk->ledger, err) && ledger_begin(bulk->ledger, err);
}

// One line of --ids. False with *err when the ledger failed; a line that is none is counted.
static bool record_line(struct bulk *bulk, char *line, GError **err)
{
    char *fields[FIELDS] = {line, NULL, NULL, NULL};
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '#' || line[0] == '\0')
        return true;
    for (int i = 1; i < FIELDS; i++) {
        char *tab = strchr(fields[i - 1], '\t');
        if (!tab)
            break;
        *tab = '\0';
        fields[i] = tab + 1;
    }
    g_autoptr(GPtrArray) recipients = g_ptr_array_new_with_free_func(g_free);
    address_scan(fields[3], LEDGER_RECIPIENTS_MAX, recipients);
    g_ptr_array_add(recipients, NULL);
    char *end = NULL;
    const gint64 when = fields[1] ? g_ascii_strtoll(fields[1], &end, 10) : 0;
    if ((end && *end) || when < 0 || (!*g_strstrip(fields[0]) && recipients->len == 1)) {
        bulk->wrong++;
        return true;
    }
    const struct sent_message message = {
        .message_id = *fields[0] ? fields[0] : NULL,
        .time = when,
        .sender = fields[2] && *fields[2] ? fields[2] : NULL,
        .recipients = (const char *const *)recipients->pdata,
    };
    return bulk_record(bulk, &message, err);
}

static bool record_lines(struct bulk *bulk, FILE *file, GError **err)
{
    char *line = NULL;
    size_t space = 0;
    bool sound = true;
    while (sound && getline(&line, &space, file) > 0)
        sound = record_line(bulk, line, err);
    free(line);
    if (sound && ferror(file))
        return mda_fail(err, MDA_ERROR_TEMP, "the list could not be read");
    return sound;
}

static int finish(struct bulk *bulk, const char *what)
{
    progress_end(&bulk->progress);
    if (!quiet)
        printf("%" G_GUINT64_FORMAT " %s recorded in %s\n", bulk->progress.done, what,
               ledger_name(bulk->ledger));
    if (bulk->wrong > 0)
        fprintf(stderr, "backstop sent: %" G_GUINT64_FORMAT " lines are none and were skipped\n",
                bulk->wrong);
    return bulk->wrong > 0 ? STATUS_NO : STATUS_OK;
}

static int record_ids(const struct conf *conf, const char *path)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Ledger) ledger = NULL;
    const bool named = path && strcmp(path, "-") != 0;
    mda_autofd fd = named ? files_open_argument(path, &err) : -1;
    g_autoptr(FILE) file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (named && !file) {
        fprintf(stderr, "backstop sent: %s\n", err ? err->message : g_strerror(errno));
        return STATUS_NO;
    }
    mda_steal_fd(&fd);
    if (!ledger_open(conf, LEDGER_WRITE, deadline_in(BULK_MS), &ledger, &err))
        return complain(err);
    struct bulk bulk = {.ledger = ledger, .progress = progress_begin(!quiet)};
    if (!ledger_begin(ledger, &err) || !record_lines(&bulk, file ? file : stdin, &err) ||
        !ledger_commit(ledger, &err) || !ledger_prune(ledger, &err))
        return complain(err);
    return finish(&bulk, "lines");
}

int cmd_sent(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries,
                       "[RECIPIENT...] | --ids [FILE] | --import FOLDER... | "
                       "--sendmail=PROGRAM -- [ARGUMENT...]",
                       "Records outgoing mail: the message on standard input, a list, folders of "
                       "sent mail, or everything that passes the sendmail command.",
                       &argc, &argv))
        return STATUS_TEMPFAIL; // an MTA's pipe would bounce the mail for a 64
    g_autoptr(GError) err = NULL;
    if (!conf_load(context->conf, NULL, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
    char **rest = argv + 1;
    if (rest[0] && strcmp(rest[0], "--") == 0)
        rest++;
    if (sendmail_path)
        return sendmail_run(context->conf, sendmail_path, rest);
    if (list)
        return sent_list(context->conf, rest);
    if (forget || since)
        return sent_forget(context->conf, rest, sender, since);
    if (import)
        return sent_import(context->conf, rest, force, quiet);
    if (!ids || !rest[0] || strcmp(rest[0], "-") == 0)
        output_await(ids ? "lines of Message-IDs" : "a message");
    if (ids)
        return record_ids(context->conf, rest[0]);
    return record_stdin(context->conf, rest);
}
