// SPDX-License-Identifier: MIT
// Called as `sendmail`, or as `backstop sent --sendmail=PROGRAM`: spools the message, hands it to
// the real sendmail with the same arguments, records it while that works, and exits as that did.
//
// With [stamp] key-file set, a message that has From, Date and Message-ID gets its stamp in front.
//
// Left out: SMTP on standard input (-bs), queue runs, address tests and the rest that carry no
// message; the real sendmail is executed for those at once.
#include "milter/sendmail-wrapper.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/child.h"
#include "base/error.h"
#include "base/log.h"
#include "base/survive.h"
#include "evidence/keys.h"
#include "evidence/stamp.h"
#include "ledger/sent-record.h"
#include "message/message.h"
#include "message/sendmail-arguments.h"
#include "message/spool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

// Nobody waits longer for us than this.
#define RECORD_MS 2000
#define GUARD "BACKSTOP_SENDMAIL"
#define DEFAULT_SENDMAIL "/usr/sbin/sendmail"

// Is PROGRAM this program, under whatever name?
static bool is_ourselves(const char *program)
{
    struct stat other, own;
    return stat(program, &other) == 0 && stat("/proc/self/exe", &own) == 0 &&
           other.st_dev == own.st_dev && other.st_ino == own.st_ino;
}

static char **child_arguments(const char *program, char **arguments)
{
    GPtrArray *list = g_ptr_array_new();
    g_ptr_array_add(list, (gpointer)program);
    for (; *arguments; arguments++)
        g_ptr_array_add(list, *arguments);
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

static int cannot_run(const char *program, int code)
{
    fprintf(stderr, "backstop: %s: %s\n", program, g_strerror(code));
    return EX_TEMPFAIL;
}

static int execute(const char *program, char **arguments)
{
    g_autofree char **list = child_arguments(program, arguments);
    signal(SIGPIPE, SIG_DFL);
    execv(program, list);
    return cannot_run(program, errno);
}

// The header line to put in front of the message, or NULL. Owned by the caller.
static char *stamp_line(const struct conf *conf, const struct message *message)
{
    const char *path = conf_string(conf, CONF_STAMP_KEY_FILE);
    g_autoptr(GPtrArray) keys = NULL;
    g_autoptr(GError) err = NULL;
    if (!*path || message_field(message, STAMP_FIELD, 0))
        return NULL;
    if (!keys_read(path, &keys, &err)) {
        log_line(LOG_LEVEL_WARNING, "sent: not stamped: %s", err->message);
        return NULL;
    }
    g_autofree char *from = message_header(message, "From", 0);
    g_autofree char *date = message_header(message, "Date", 0);
    g_autofree char *id = message_header(message, "Message-ID", 0);
    g_autofree char *stamp = stamp_make(keys, from, date, id);
    const struct header_field *first =
        message->fields->len ? &g_array_index(message->fields, struct header_field, 0) : NULL;
    if (!stamp || !first || first->line != message->data)
        return NULL;
    const bool crlf = first->line_length >= 2 && first->line[first->line_length - 2] == '\r';
    return g_strdup_printf("%s: %s%s", STAMP_FIELD, stamp, crlf ? "\r\n" : "\n");
}

// A sendmail that does not read to the end has its reasons, and its exit status tells them.
static void feed(struct child *child, const struct conf *conf, GBytes *bytes)
{
    g_autoptr(Message) message = message_new(bytes);
    g_autofree char *stamp = stamp_line(conf, message);
    struct file_segment segments[] = {
        {message->from_line, message->from_line ? message->from_line_length : 0},
        {stamp, stamp ? strlen(stamp) : 0},
        {message->data, message->size}};
    if (!stamp) { // exactly what came
        segments[0] = (struct file_segment){0};
        segments[2].data = g_bytes_get_data(bytes, &segments[2].size);
    }
    struct child_talk talk = {.segments = segments, .count = G_N_ELEMENTS(segments)};
    const struct deadline never = deadline_in(-1);
    child_talk(child, &talk, &never);
    child_close(child);
}

static void record(const struct conf *conf, const struct sendmail_arguments *submission,
                   GBytes *bytes)
{
    sent_record_or_gap(conf, bytes, submission->sender, sendmail_arguments_recipients(submission),
                       RECORD_MS, "sent");
}

static int status_of(pid_t child)
{
    const struct deadline never = deadline_in(-1); // it is the caller's program, run as he would
    int status;
    return child_reap(child, &never, NULL, &status) && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                         : EX_TEMPFAIL;
}

int sendmail_run(const struct conf *conf, const char *program, char **arguments)
{
    if (is_ourselves(program) || g_getenv(GUARD)) {
        fprintf(stderr,
                "backstop: %s leads back to backstop; set sendmail.command to the real one\n",
                program);
        return EX_TEMPFAIL;
    }
    g_setenv(GUARD, "1", TRUE);
    const struct sendmail_arguments submission = sendmail_arguments_read(arguments);
    g_autoptr(GPtrArray) recipients G_GNUC_UNUSED = submission.recipients; // freed at the end
    if (!submission.carries_message) {
        survive_hand_over();
        return execute(program, arguments);
    }
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) bytes = NULL;
    if (!spool_read(STDIN_FILENO, NULL, &bytes, &err)) {
        fprintf(stderr, "backstop: %s\n", err->message);
        return EX_TEMPFAIL;
    }
    signal(SIGPIPE, SIG_IGN);
    record(conf, &submission, bytes); // first: what is killed in between has not sent anything yet
    struct child child;
    if (!child_start(&child, CHILD_FED))
        return cannot_run(program, errno);
    if (child.pid == 0) {
        dup2(child.fed[0], STDIN_FILENO);
        _exit(execute(program, arguments));
    }
    feed(&child, conf, bytes);
    return status_of(child.pid);
}
