// SPDX-License-Identifier: MIT
#include "cmd/outgoing.h"

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "cmd/sieve-execute.h"
#include "ledger/memory.h"
#include "message/answerable.h"
#include "plan/answer.h"

#include <string.h>
#include <sysexits.h>
#include <time.h>

// One message is redirected to one address once in this time: a retry, and a loop that changes
// nothing, end here.
#define REDIRECT_MEMORY_SECONDS (12 * 3600)
#define SENDMAIL_OUTPUT_MAX 4096

typedef bool answer_function(const struct answer_case *answer, const struct plan_action *action,
                             struct answer_mail *mail_r, char **because_r);

// sendmail takes lines that end in LF.
static GBytes *with_lf(GBytes *text)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(text, &size);
    GString *out = g_string_sized_new(size);
    for (gsize i = 0; i < size; i++) {
        if (data[i] != '\r' || i + 1 == size || data[i + 1] != '\n')
            g_string_append_c(out, data[i]);
    }
    return g_string_free_to_bytes(out);
}

static bool send_mail(const struct conf *conf, const struct answer_mail *mail, GError **err)
{
    const char *program = conf_string(conf, CONF_SENDMAIL_COMMAND);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *begin[] = {program, "-i", "-f", *mail->from ? mail->from : "<>", "--"};
    for (gsize i = 0; i < G_N_ELEMENTS(begin); i++)
        g_ptr_array_add(argv, (char *)begin[i]);
    for (guint i = 0; i < mail->to->len; i++)
        g_ptr_array_add(argv, g_ptr_array_index(mail->to, i));
    g_ptr_array_add(argv, NULL);
    g_autoptr(GBytes) input = with_lf(mail->text);
    struct process process = {
        .path = program,
        .argv = (char **)argv->pdata,
        .input = input,
        .output_limit = SENDMAIL_OUTPUT_MAX,
        .deadline = deadline_in(conf_milliseconds(conf, CONF_SENDMAIL_TIMEOUT)),
    };
    int status = 0;
    if (!process_run(&process, &status, NULL, err))
        return false;
    if (status == EX_OK)
        return true;
    bool temporary = status == EX_TEMPFAIL || status == EX_OSERR || status > EX__MAX;
    return mda_fail(err, temporary ? MDA_ERROR_TEMP : MDA_ERROR_CONFIG,
                    "[sendmail] command %s ended with status %d", program, status);
}

// Composes the mail for ACTION and sends it. A mail that is not to be sent counts as done.
static bool compose_and_send(const struct outgoing *outgoing, const struct plan_action *action,
                             answer_function *make, GBytes **sent_r, GError **err)
{
    struct sieve_answer answer;
    struct answer_mail mail = {0};
    g_autofree char *because = NULL;
    sieve_answer_init(&answer, outgoing->source, action);
    bool done = true;
    if (make(&answer.answer, action, &mail, &because)) {
        done = send_mail(outgoing->conf, &mail, err);
        if (done && sent_r)
            *sent_r = with_lf(mail.text);
        answer_mail_clear(&mail);
    } else {
        log_line(LOG_LEVEL_INFO, "%s: nothing is sent: %s", plan_kind_name(action->kind),
                 because ? because : "no reason given");
    }
    sieve_answer_release(&answer);
    return done;
}

static const char *why_not_answerable(const struct outgoing *outgoing)
{
    return answerable_why_not(outgoing->conf, outgoing->message, outgoing->envelope,
                              outgoing->unwanted);
}

static bool redirect(gpointer data, const struct plan_action *action, GError **err)
{
    const struct outgoing *outgoing = data;
    gint64 now = (gint64)time(NULL);
    g_autofree char *key =
        g_strdup_printf("redirect:%s:%s", outgoing->fingerprint, action->address);
    g_autoptr(GError) ignored = NULL;
    if (memory_has(outgoing->conf, key, now, &ignored))
        return true;
    if (!compose_and_send(outgoing, action, answer_redirect, NULL, err))
        return false;
    g_clear_error(&ignored);
    if (!memory_keep(outgoing->conf, key, now, REDIRECT_MEMORY_SECONDS, &ignored))
        log_line(LOG_LEVEL_WARNING, "redirect: %s", ignored->message);
    return true;
}

static bool vacation(const struct outgoing *outgoing, const struct plan_action *action,
                     GBytes **sent_r, GError **err)
{
    gint64 now = (gint64)time(NULL);
    const char *why_not = why_not_answerable(outgoing);
    g_autofree char *key = g_strdup_printf("vacation:%s:%s", action->handle ? action->handle : "",
                                           outgoing->envelope->sender);
    if (why_not || memory_has(outgoing->conf, key, now, err)) {
        log_line(LOG_LEVEL_INFO, "vacation: nothing is sent: %s",
                 why_not ? why_not : "this sender was answered lately");
        return true;
    }
    // Without a memory nothing is sent either: one answer a message is what makes loops.
    if (err && *err)
        return false;
    return memory_keep(outgoing->conf, key, now, MAX(action->seconds, 1), err) &&
           compose_and_send(outgoing, action, answer_vacation, sent_r, err);
}

static bool answer(gpointer data, const struct plan_action *action, GBytes **sent_r, GError **err)
{
    const struct outgoing *outgoing = data;
    switch (action->kind) {
    case PLAN_VACATION:
        return vacation(outgoing, action, sent_r, err);
    case PLAN_NOTIFY:
        return compose_and_send(outgoing, action, answer_notify, sent_r, err);
    default:
        return compose_and_send(outgoing, action, answer_report, sent_r, err);
    }
}

static bool reject(gpointer data, const struct plan_action *action, bool *caller_refuses_r,
                   GError **err)
{
    const struct outgoing *outgoing = data;
    const char *why_not = why_not_answerable(outgoing);
    if (why_not)
        return mda_fail(err, MDA_ERROR_CONFIG, "the sender is not answered: %s", why_not);
    *caller_refuses_r = outgoing->caller_refuses;
    return outgoing->caller_refuses || compose_and_send(outgoing, action, answer_reject, NULL, err);
}

static bool pipe_to(gpointer data, const struct plan_action *action, GError **err)
{
    const struct outgoing *outgoing = data;
    const struct message *message = sieve_source_message(outgoing->source);
    g_autoptr(GBytes) whole = action->message ? g_bytes_ref(action->message)
                                              : g_bytes_new_static(message->data, message->size);
    const struct sieve_program_call call = {
        .kind = SIEVE_CALL_PIPE,
        .program = action->address,
        .arguments = action->arguments,
        .input = whole,
    };
    return sieve_program_run(outgoing->source, &call, NULL, err);
}

static bool remember(gpointer data, const struct plan_action *action, GError **err)
{
    const struct outgoing *outgoing = data;
    g_autofree char *key = g_strconcat("duplicate:", action->handle, NULL);
    return memory_keep(outgoing->conf, key, (gint64)time(NULL), action->seconds, err);
}

struct run_outgoing outgoing_ways(struct outgoing *outgoing)
{
    return (struct run_outgoing){
        .data = outgoing,
        .redirect = redirect,
        .answer = answer,
        .reject = reject,
        .pipe = pipe_to,
        .remember = remember,
    };
}
