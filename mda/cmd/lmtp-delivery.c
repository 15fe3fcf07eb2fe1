// SPDX-License-Identifier: MIT
#include "cmd/lmtp-delivery.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/survive.h"
#include "cmd/delivery.h"
#include "cmd/lmtp-mailbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

// A delivery ends itself long before this time.
#define ANSWER_MILLISECONDS (15 * 60 * 1000)
// Its answer: a status, a space, and the text of a refusal.
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
    recipient->mailbox = lmtp_mailbox_find(service->context->conf, recipient->address, answer_r);
    recipient->free_mailbox = lmtp_mailbox_free;
    if (recipient->mailbox)
        lmtp_answer_set(answer_r, 250, "2.1.5", "recipient ok");
}

static bool is_stored(int status)
{
    return status == command_outcome(MDA_DELIVERED) || status == EX_OK;
}

// ---- The child

static void tell(gpointer data, int status, const char *text)
{
    int *fd = data;
    // Once the answer is out nobody tries again, whatever becomes of this process.
    if (status != command_outcome(MDA_DEFER) && status != EX_TEMPFAIL)
        ending_finish();
    g_autofree char *answer = g_strdup_printf("%d %s", status, text ? text : "");
    struct file_segment all = {answer, MIN(strlen(answer), ANSWER_MAX_BYTES)};
    g_autoptr(GError) err = NULL;
    if (*fd >= 0 && !files_write(*fd, &all, 1, &err))
        log_line(LOG_LEVEL_ERROR, "lmtp: the outcome could not be told: %s", err->message);
    mda_close_fd(fd);
}

// The environment as MTAs make it for a command.
static bool set_surroundings(const struct lmtp_mailbox *mailbox)
{
    static const char *const strangers[] = {
        "SENDER",         "RECIPIENT",      "ORIGINAL_RECIPIENT",
        "LOCAL_PART",     "DOMAIN",         "LOCAL_PART_SUFFIX",
        "LOCAL",          "HOST",           "EXT",
        "EXTENSION",      "CLIENT_ADDRESS", "CLIENT_HELO",
        "CLIENT_HOSTNAME"};
    for (gsize i = 0; i < G_N_ELEMENTS(strangers); i++)
        unsetenv(strangers[i]);
    if (mailbox->detail && setenv("EXTENSION", mailbox->detail, 1) != 0)
        return false;
    if (!mailbox->home)
        return true;
    return setenv("HOME", mailbox->home, 1) == 0 && setenv("USER", mailbox->name, 1) == 0 &&
           setenv("LOGNAME", mailbox->name, 1) == 0 && chdir(mailbox->home) == 0;
}

// What the child has of the connection must not be seen by anything that it starts.
static void leave_connection(const struct lmtp_service *service)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    survive_begin();
    close(service->connection.in);
    if (service->connection.out != service->connection.in)
        close(service->connection.out);
    if (service->connection.stop >= 0)
        close(service->connection.stop);
}

static G_GNUC_NORETURN void deliver_in_child(struct lmtp_service *service,
                                             const struct lmtp_transaction *transaction, guint n,
                                             int fd)
{
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    const struct lmtp_mailbox *mailbox = recipient->mailbox;
    const bool known = recipient->orcpt && g_ascii_strncasecmp(recipient->orcpt, "rfc822;", 7) == 0;
    leave_connection(service);
    struct delivery_options given = {
        .user = mailbox->user,
        .home = mailbox->home,
        .sender = transaction->sender,
        .recipient = recipient->address,
        .original_recipient = known ? recipient->orcpt + 7 : recipient->address,
        .message = service->message,
        .dsn = {recipient->notify, recipient->orcpt, transaction->ret, transaction->envid},
        .caller_refuses = true,
        .caller_needs_ascii = !transaction->utf8,
        .settled = tell,
        .settled_data = &fd,
    };
    int status = set_surroundings(mailbox) ? delivery_run(service->context, &given)
                                           : command_outcome(MDA_DEFER);
    tell(&fd, status, NULL);
    // For a parent that could not be told.
    _exit(is_stored(status) ? EX_OK : EX_TEMPFAIL);
}

// ---- The parent

static void answer_of(int status, const char *text, const struct lmtp_transaction *transaction,
                      const char *address, struct lmtp_answer *answer_r)
{
    if (is_stored(status))
        lmtp_answer_set(answer_r, 250, "2.0.0", "<%s> delivered", address);
    else if (status == EX_NOUSER)
        lmtp_answer_set(answer_r, 550, "5.1.1", "<%s> there is no such user", address);
    else if (status == command_outcome(MDA_REJECT) || status == EX_NOPERM)
        // RFC 5429 §2.1.1: where a text cannot be said, another is.
        lmtp_answer_set(answer_r, 550, "5.7.1", "%s",
                        *text && (transaction->utf8 || g_str_is_ascii(text)) ? text : REFUSED_TEXT);
    else
        lmtp_answer_set(answer_r, 451, "4.3.0", "<%s> not delivered now, try again", address);
}

// Reads what the child says. False when it says nothing in time.
static bool hear(int fd, GString *said)
{
    struct deadline deadline = deadline_in(ANSWER_MILLISECONDS);
    for (;;) {
        char buffer[1024];
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, deadline_left(&deadline));
        if (ready == 0 || said->len > ANSWER_MAX_BYTES)
            return false;
        ssize_t got = ready < 0 ? -1 : read(fd, buffer, sizeof buffer);
        if (got < 0 && errno != EINTR)
            return false;
        if (got == 0)
            return true;
        if (got > 0)
            g_string_append_len(said, buffer, got);
    }
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return EX_TEMPFAIL;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

void lmtp_service_finish(struct lmtp_service *service)
{
    if (service->tidying > 0)
        wait_for(service->tidying);
    service->tidying = 0;
}

// The child's status: what it said, or if it ended without a word, its exit status, which is 0 only
// when the message had been stored (survive.h).
static int outcome_of(struct lmtp_service *service, pid_t pid, int fd, GString *said)
{
    char *rest = NULL;
    bool heard = hear(fd, said);
    gint64 status = g_ascii_strtoll(said->str, &rest, 10);
    if (heard && rest > said->str && *rest == ' ') {
        g_string_erase(said, 0, rest + 1 - said->str);
        service->tidying = pid;
        return (int)status;
    }
    if (!heard)
        kill(pid, SIGKILL);
    g_string_truncate(said, 0);
    int code = wait_for(pid);
    log_line(LOG_LEVEL_ERROR, "lmtp: a delivery broke down %s its message was stored",
             code == EX_OK ? "after" : "before");
    return code == EX_OK ? EX_OK : EX_TEMPFAIL;
}

static void deliver(gpointer data, const struct lmtp_transaction *transaction, guint n,
                    struct lmtp_answer *answer_r)
{
    struct lmtp_service *service = data;
    const struct lmtp_recipient *recipient = g_ptr_array_index(transaction->recipients, n);
    int ends[2] = {-1, -1};
    lmtp_service_finish(service);
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid == 0) {
        close(ends[0]);
        deliver_in_child(service, transaction, n, ends[1]);
    }
    if (pid < 0)
        log_line(LOG_LEVEL_ERROR, "lmtp: no process for a delivery: %s", g_strerror(errno));
    mda_close_fd(&ends[1]);
    g_autoptr(GString) said = g_string_new(NULL);
    int status = pid < 0 ? EX_TEMPFAIL : outcome_of(service, pid, ends[0], said);
    mda_close_fd(&ends[0]);
    answer_of(status, said->str, transaction, recipient->address, answer_r);
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
