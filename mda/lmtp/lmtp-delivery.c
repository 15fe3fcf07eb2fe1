// SPDX-License-Identifier: MIT
#include "lmtp/lmtp-delivery.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/surroundings.h"
#include "base/survive.h"
#include "delivery/carry-out.h"
#include "delivery/delivery.h"
#include "lmtp/lmtp-mailbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

// A delivery that has had its time ends itself, cleanly. After this time more it is killed.
#define GRACE_MILLISECONDS 5000
// How long what is left to do after the answer (a line in the log, a slice of expiry) may take.
#define TIDY_MILLISECONDS 5000
// How long a delivery may wait for others of its user's.
#define TURN_MILLISECONDS (30 * 1000)
// Its answer: a number (enum delivery_end), a space, and the text of a refusal.
#define ANSWER_MAX_BYTES (16 * 1024)
#define REFUSED_TEXT "the recipient's rules refuse this message"

// ---- The message

static void take_begin(gpointer data, struct lmtp_answer *answer_r)
{
    struct lmtp_service *service = data;
    (void)answer_r;
    service->spool = spool_new(NULL);
}

static void no_room(struct lmtp_answer *answer_r, const GError *err)
{
    log_line(LOG_LEVEL_ERROR, "lmtp: the message could not be spooled: %s", err->message);
    lmtp_answer_set(answer_r, 452, "4.3.1", "there is no room for this message now");
}

static void take_append(gpointer data, const guint8 *bytes, gsize size,
                        struct lmtp_answer *answer_r)
{
    struct lmtp_service *service = data;
    g_autoptr(GError) err = NULL;
    if (!spool_append(service->spool, bytes, size, &err)) {
        no_room(answer_r, err);
        g_clear_pointer(&service->spool, spool_free);
    }
}

static void take_end(gpointer data, struct lmtp_answer *answer_r)
{
    struct lmtp_service *service = data;
    g_autoptr(GError) err = NULL;
    if (!spool_finish(service->spool, &service->message, &err))
        no_room(answer_r, err);
    g_clear_pointer(&service->spool, spool_free);
}

static void forget(gpointer data)
{
    struct lmtp_service *service = data;
    g_clear_pointer(&service->spool, spool_free);
    g_clear_pointer(&service->message, g_bytes_unref);
}

static void take_recipient(gpointer data, const struct lmtp_transaction *transaction,
                           struct lmtp_recipient *recipient, struct lmtp_answer *answer_r)
{
    const struct lmtp_service *service = data;
    (void)transaction;
    recipient->mailbox = lmtp_mailbox_find(service->conf, recipient->address, answer_r);
    recipient->free_mailbox = lmtp_mailbox_free;
    if (recipient->mailbox)
        lmtp_answer_set(answer_r, 250, "2.1.5", "recipient ok");
}

// ---- The child

static void tell(gpointer data, const struct delivery_result *result, const char *text)
{
    int *fd = data;
    // Once the answer is out nobody tries again, whatever becomes of this process.
    if (result->end != DELIVERY_DEFERRED)
        ending_finish();
    g_autofree char *answer =
        g_strdup_printf("%d %.*s", (int)result->end, ANSWER_MAX_BYTES - 32, text ? text : "");
    // The NUL ends it: what our copies do (an rc file's) may keep the pipe open for long.
    struct file_segment all = {answer, strlen(answer) + 1};
    g_autoptr(GError) err = NULL;
    if (*fd >= 0 && !files_write(*fd, &all, 1, &err))
        log_line(LOG_LEVEL_ERROR, "lmtp: the outcome could not be told: %s", err->message);
    mda_close_fd(fd);
}

// The environment as MTAs make it for a command, with nothing in it of the server's.
static bool set_surroundings(const struct lmtp_mailbox *mailbox)
{
    surroundings_forget();
    if (mailbox->detail && setenv("EXTENSION", mailbox->detail, 1) != 0)
        return false;
    if (!mailbox->home)
        return true;
    return setenv("HOME", mailbox->home, 1) == 0 && setenv("USER", mailbox->name, 1) == 0 &&
           setenv("LOGNAME", mailbox->name, 1) == 0 && chdir(mailbox->home) == 0;
}

// The child is the user's: it keeps nothing of the connection, and of the server only its log. It
// leads a group of processes, so that all of it can be stopped at once.
static bool leave_connection(const struct lmtp_service *service)
{
    sigset_t none;
    unsigned seconds = (unsigned)(MIN(service->milliseconds, G_MAXINT) / 1000);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    survive_begin();
    survive_watchdog(MAX(seconds, 1));
    close(service->connection.in);
    if (service->connection.out != service->connection.in)
        close(service->connection.out);
    if (service->connection.signals >= 0)
        close(service->connection.signals);
    if (service->turns->file >= 0)
        close(service->turns->file);
    return setpgid(0, 0) == 0 && surroundings_silence();
}

static G_GNUC_NORETURN void deliver_in_child(struct lmtp_service *service,
                                             const struct lmtp_transaction *transaction, guint n,
                                             int fd)
{
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    const struct lmtp_mailbox *mailbox = recipient->mailbox;
    const bool known = recipient->orcpt && g_ascii_strncasecmp(recipient->orcpt, "rfc822;", 7) == 0;
    bool left = leave_connection(service);
    static char null_sender[] = "<>";
    struct delivery_options given = {
        .user = mailbox->user,
        .found = mailbox->found,
        .home = mailbox->home,
        .sender = *transaction->sender ? transaction->sender : null_sender,
        .recipient = recipient->address,
        .original_recipient = known ? recipient->orcpt + 7 : recipient->address,
        .message = service->message,
        .dsn = {recipient->notify, recipient->orcpt, transaction->ret, transaction->envid},
        .session = service->session,
        .milliseconds = service->milliseconds,
        .caller_refuses = true,
        .caller_needs_ascii = !transaction->utf8,
        .settled = tell,
        .settled_data = &fd,
    };
    struct delivery_result result = {.end = DELIVERY_DEFERRED};
    if (left && set_surroundings(mailbox))
        delivery_run(service->conf, &given, &result);
    tell(&fd, &result, NULL);
    // For a parent that could not be told.
    _exit(result.end == DELIVERY_DELIVERED ? EX_OK : EX_TEMPFAIL);
}

// ---- The parent

static void answer_of(enum delivery_end end, const char *text,
                      const struct lmtp_transaction *transaction, const char *address,
                      const char *session, struct lmtp_answer *answer_r)
{
    if (end == DELIVERY_DELIVERED)
        lmtp_answer_set(answer_r, 250, "2.0.0", "<%s> delivered, session %s", address, session);
    else if (end == DELIVERY_NO_USER)
        lmtp_answer_set(answer_r, 550, "5.1.1", "<%s> there is no such user", address);
    else if (strcmp(text, RUN_FULL_TEXT) == 0 && end == DELIVERY_REFUSED)
        lmtp_answer_set(answer_r, 552, "5.2.2", "<%s> " RUN_FULL_TEXT, address);
    else if (strcmp(text, RUN_FULL_TEXT) == 0)
        lmtp_answer_set(answer_r, 452, "4.2.2", "<%s> " RUN_FULL_TEXT, address);
    else if (end == DELIVERY_REFUSED)
        // RFC 5429 §2.1.1: where a text cannot be said, another is.
        lmtp_answer_set(answer_r, 550, "5.7.1", "%s",
                        *text && (transaction->utf8 || g_str_is_ascii(text)) ? text : REFUSED_TEXT);
    else
        lmtp_answer_set(answer_r, 451, "4.3.0", "<%s> not delivered now, try again, session %s",
                        address, session);
}

// The exit status of PID, which has so much time left.
static int wait_for(pid_t pid, gint64 milliseconds)
{
    const struct deadline deadline = deadline_in(milliseconds);
    int status;
    // One that hangs in the kernel is left to it.
    if (!child_reap(pid, &deadline, NULL, &status) && !child_kill(pid, false, &status))
        log_line(LOG_LEVEL_ERROR, "lmtp: process %d cannot be ended", (int)pid);
    return child_exit_status(status);
}

void lmtp_service_finish(struct lmtp_service *service)
{
    if (service->tidying > 0) {
        wait_for(service->tidying, TIDY_MILLISECONDS);
        turns_give(service->turns, service->turn);
    }
    service->tidying = 0;
}

// What the child said, or if it ended without a word, its exit status, which is 0 only when the
// message had been stored (survive.h).
static enum delivery_end outcome_of(struct lmtp_service *service, struct child *child,
                                    GString *said)
{
    char *rest = NULL;
    const struct deadline deadline = deadline_in(service->milliseconds + GRACE_MILLISECONDS);
    struct child_talk talk = {
        .said = said, .limit = ANSWER_MAX_BYTES, .ends_at_limit = true, .ends_at_nul = true};
    const bool heard = child_talk(child, &talk, &deadline) == CHILD_DONE;
    const pid_t pid = child->pid;
    gint64 end = g_ascii_strtoll(said->str, &rest, 10);
    if (heard && rest > said->str && *rest == ' ') {
        g_string_erase(said, 0, rest + 1 - said->str);
        g_string_truncate(said, strlen(said->str));
        service->tidying = pid;
        return (enum delivery_end)end;
    }
    g_string_truncate(said, 0);
    int status = 0;
    if (!heard) // with the programs that it waits for
        (void)!child_kill(pid, true, &status);
    int code = heard ? wait_for(pid, GRACE_MILLISECONDS) : child_exit_status(status);
    log_line(LOG_LEVEL_ERROR, "lmtp: a delivery broke down %s its message was stored",
             code == EX_OK ? "after" : "before");
    return code == EX_OK ? DELIVERY_DELIVERED : DELIVERY_DEFERRED;
}

// Runs the delivery; what is left of it is service->tidying.
static void deliver_now(struct lmtp_service *service, const struct lmtp_transaction *transaction,
                        guint n, struct lmtp_answer *answer_r)
{
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    struct child child;
    const bool started = child_start(&child, CHILD_HEARD);
    if (started && child.pid == 0)
        deliver_in_child(service, transaction, n, child.heard[1]);
    if (!started)
        log_line(LOG_LEVEL_ERROR, "lmtp: no process for a delivery: %s", g_strerror(errno));
    g_autoptr(GString) said = g_string_new(NULL);
    enum delivery_end end = started ? outcome_of(service, &child, said) : DELIVERY_DEFERRED;
    child_close(&child);
    answer_of(end, said->str, transaction, recipient->address, service->session, answer_r);
}

static void deliver(gpointer data, const struct lmtp_transaction *transaction, guint n,
                    struct lmtp_answer *answer_r)
{
    struct lmtp_service *service = data;
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    const struct lmtp_mailbox *mailbox = recipient->mailbox;
    lmtp_service_finish(service);
    service->turn = turns_take(service->turns, mailbox->name, TURN_MILLISECONDS);
    if (service->turn < 0) {
        log_line(LOG_LEVEL_WARNING, "lmtp: too many deliveries for %s at a time", mailbox->name);
        lmtp_answer_set(answer_r, 451, "4.3.2", "<%s> too many deliveries at a time, try again",
                        recipient->address);
        return;
    }
    deliver_now(service, transaction, n, answer_r);
    if (service->tidying == 0)
        turns_give(service->turns, service->turn);
}

static bool flush(gpointer data)
{
    struct lmtp_service *service = data;
    return lmtp_connection_flush(&service->connection);
}

struct lmtp_handler lmtp_delivery_handler(struct lmtp_service *service)
{
    return (struct lmtp_handler){
        .data = service,
        .recipient = take_recipient,
        .begin = take_begin,
        .append = take_append,
        .end = take_end,
        .deliver = deliver,
        .forget = forget,
        .flush = flush,
    };
}
