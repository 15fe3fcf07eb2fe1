// SPDX-License-Identifier: MIT
#include "delivery/outgoing.h"

#include "answer/answer.h"
#include "answer/answerable.h"
#include "base/error.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/text.h"
#include "hosts/sieve-execute.h"
#include "ledger/ledger.h"
#include "ledger/memory.h"
#include "ledger/sent-record.h"
#include "submit/submit.h"

#include <string.h>
#include <time.h>

// One message is redirected to one address once in this time: a retry, and a loop that changes
// nothing, end here.
#define REDIRECT_MEMORY_SECONDS (12 * 3600)

// An answer that could not be sent is this delivery's to send for so long: MTAs give up before.
#define RETRY_MEMORY_SECONDS (7 * 86400)
// The ledger may take so long.
#define RECORD_MS 2000

// What scripts add to an envelope's DSN parameters goes into a line of the protocol: the words of
// RFC 3461 §4 alone, in capitals. Owned by the caller; NULL when VALUE is anything else.
static char *dsn_value(const char *value, const char *const *words)
{
    if (!value)
        return NULL;
    g_autofree char *upper = g_ascii_strup(value, -1);
    g_auto(GStrv) parts = g_strsplit(upper, ",", -1);
    for (guint i = 0; parts[i]; i++) {
        if (!g_strv_contains(words, g_strstrip(parts[i])))
            return NULL;
    }
    return *parts ? g_strjoinv(",", parts) : NULL;
}

// RFC 6009 §5: the time by which it is to be delivered, in seconds from now. 0 when none is asked.
static gint64 seconds_to(const struct plan_action *action)
{
    const char *relative = plan_action_get(action, "bytimerelative");
    const char *absolute = plan_action_get(action, "bytimeabsolute");
    if (relative)
        return g_ascii_strtoll(relative, NULL, 10);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) at = absolute ? g_date_time_new_from_iso8601(absolute, utc) : NULL;
    return at ? g_date_time_to_unix(at) - (gint64)time(NULL) : 0;
}

// RFC 2852 §4: what must come back when it is late cannot be late already.
static bool set_deliver_by(const struct plan_action *action, struct submission *submission,
                           GError **err)
{
    if (!plan_action_get(action, "bytimerelative") && !plan_action_get(action, "bytimeabsolute"))
        return true;
    const char *mode = plan_action_get(action, "bymode");
    submission->by_mode = mode && g_ascii_strcasecmp(mode, "return") == 0 ? 'R' : 'N';
    submission->by_seconds = CLAMP(seconds_to(action), -999999999, 999999999);
    submission->by_trace = plan_action_get(action, "bytrace");
    return submission->by_mode == 'N' || submission->by_seconds > 0 ||
           mda_fail(err, MDA_ERROR_CONFIG, "the time to deliver by is over");
}

// Reports on what we send come to our users: it must be in the ledger that says what is ours.
// Before it is sent, so that it cannot be missing; what then is not sent does no harm there.
static void record_mail(const struct conf *conf, const struct plan_action *action,
                        const struct answer_mail *mail)
{
    if (!ledger_is_used(conf))
        return;
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    for (guint i = 0; i < mail->to->len; i++)
        g_ptr_array_add(recipients, g_ptr_array_index(mail->to, i));
    g_ptr_array_add(recipients, NULL);
    sent_record_or_gap(conf, mail->text, mail->from, (const char *const *)recipients->pdata,
                       RECORD_MS, plan_kind_name(action->kind));
}

static bool send_mail(const struct conf *conf, const struct plan_action *action,
                      const struct answer_mail *mail, GError **err)
{
    static const char *const events[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY", NULL};
    static const char *const contents[] = {"FULL", "HDRS", NULL};
    g_autofree char *notify = dsn_value(plan_action_get(action, "notify"), events);
    g_autofree char *ret = dsn_value(plan_action_get(action, "ret"), contents);
    struct submission submission = {
        .sender = mail->from, .to = mail->to, .text = mail->text, .notify = notify, .ret = ret};
    if (!set_deliver_by(action, &submission, err))
        return false;
    record_mail(conf, action, mail);
    return submit(conf, &submission, err);
}

// Does ACTION stand for a delivery? When its mail is not sent, the message must stay.
static bool takes_message(const struct plan_action *action)
{
    return action->kind == PLAN_REDIRECT || action->kind == PLAN_REJECT ||
           action->kind == PLAN_EREJECT;
}

// Composes the mail for ACTION and sends it. An answer that is not to be sent counts as done.
static bool compose_and_send(const struct outgoing *outgoing, const struct plan_action *action,
                             answer_function *make, GBytes **sent_r, GError **err)
{
    struct sieve_answer answer;
    struct answer_mail mail = {0};
    g_autofree char *because = NULL;
    sieve_answer_init(&answer, outgoing->source, action);
    bool done = true;
    if (make(&answer.answer, action, &mail, &because)) {
        done = send_mail(outgoing->conf, action, &mail, err);
        if (done && sent_r)
            *sent_r = text_with_lf(mail.text);
        answer_mail_clear(&mail);
    } else if (takes_message(action)) {
        done = mda_fail(err, MDA_ERROR_CONFIG, "%s", because ? because : "no reason given");
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

// What makes MESSAGE the one that was forwarded already, however often and by whatever way it comes
// in: its own id and text, and those of a resending or of the list that it came through. A message
// with the id of another one and a text of its own is another one. Owned by the caller; NULL for
// one without an id: two equal ones are two. (A retry is known by its journal, plan/run.c.)
static char *redirect_identity(const struct outgoing *outgoing)
{
    static const char *const names[] = {"Message-ID", "Resent-Message-ID", "Resent-Date",
                                        "List-Id"};
    const struct message *message = outgoing->message;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = message_header(message, names[i], 0);
        if (i == 0 && (!value || !*value))
            return NULL;
        g_checksum_update(sum, (const guchar *)(value ? value : ""), -1);
        g_checksum_update(sum, (const guchar *)"\n", 1);
    }
    g_autoptr(GBytes) body = g_bytes_new_static(message->body, message->body_size);
    g_autoptr(GBytes) text = text_with_lf(body);
    gsize size = 0;
    const guchar *data = g_bytes_get_data(text, &size);
    g_checksum_update(sum, data, (gssize)size);
    return g_strdup(g_checksum_get_string(sum));
}

static gint64 redirect_period(const struct outgoing *outgoing)
{
    const char *value =
        g_hash_table_lookup(outgoing->source->settings, "redirect_duplicate_period");
    gint64 milliseconds = 0;
    return value && quantity_duration(value, &milliseconds) ? milliseconds / 1000
                                                            : REDIRECT_MEMORY_SECONDS;
}

static bool redirect(gpointer data, const struct plan_action *action, GError **err)
{
    const struct outgoing *outgoing = data;
    gint64 now = (gint64)time(NULL), period = redirect_period(outgoing);
    const char *recipient = outgoing->envelope->recipient ? outgoing->envelope->recipient : "";
    g_autofree char *identity = period > 0 ? redirect_identity(outgoing) : NULL;
    g_autofree char *key =
        identity ? g_strdup_printf("redirect:%s:%s:%s", identity, recipient, action->address)
                 : NULL;
    g_autoptr(GError) ignored = NULL;
    if (key && memory_has(outgoing->conf, key, now, &ignored)) {
        log_line(LOG_LEVEL_INFO, "redirect: nothing is sent: the message was forwarded before");
        return true;
    }
    if (!compose_and_send(outgoing, action, answer_redirect, NULL, err))
        return false;
    g_clear_error(&ignored);
    if (key && !memory_keep(outgoing->conf, key, now, period, &ignored))
        log_line(LOG_LEVEL_WARNING, "redirect: %s", ignored->message);
    return true;
}

// RFC 5230 §4.2: whom what was answered. The case of an address makes no other sender.
static char *vacation_key(const struct outgoing *outgoing, const struct plan_action *action)
{
    const char *sender = outgoing->envelope->sender ? outgoing->envelope->sender : "";
    g_autofree char *folded = g_utf8_validate(sender, -1, NULL) ? g_utf8_casefold(sender, -1)
                                                                : g_ascii_strdown(sender, -1);
    return g_strdup_printf("vacation:%s:%s", action->handle ? action->handle : "", folded);
}

// What a memory cannot tell does not hold the mail up.
static bool fail_memory(GError *why, GError **err)
{
    mda_fail(err, MDA_ERROR_CONFIG, "nothing is sent without a memory of who was answered: %s",
             why->message);
    g_error_free(why);
    return false;
}

// Sends the answer that KEY stands for. That it is to be sent is remembered first, since one answer
// a message is what makes loops; OWN says that it is this delivery that is to send it, also at a
// later try.
static bool answer_once(const struct outgoing *outgoing, const struct plan_action *action,
                        const char *key, const char *own, GBytes **sent_r, GError **err)
{
    gint64 now = (gint64)time(NULL);
    GError *why = NULL;
    // RFC 6131 §2: a period of nothing answers each message.
    if (action->seconds <= 0)
        return compose_and_send(outgoing, action, answer_vacation, sent_r, err);
    if (!memory_keep(outgoing->conf, own, now, RETRY_MEMORY_SECONDS, &why) ||
        !memory_keep(outgoing->conf, key, now, action->seconds, &why))
        return fail_memory(why, err);
    g_autoptr(GError) failure = NULL;
    bool sent = compose_and_send(outgoing, action, answer_vacation, sent_r, &failure);
    bool again = !sent && g_error_matches(failure, MDA_ERROR, MDA_ERROR_TEMP);
    if ((!again && !memory_forget(outgoing->conf, own, &why)) ||
        (!again && !sent && !memory_forget(outgoing->conf, key, &why))) {
        log_line(LOG_LEVEL_WARNING, "vacation: %s", why->message);
        g_clear_error(&why);
    }
    if (failure)
        g_propagate_error(err, g_steal_pointer(&failure));
    return sent;
}

static bool vacation(const struct outgoing *outgoing, const struct plan_action *action,
                     GBytes **sent_r, GError **err)
{
    gint64 now = (gint64)time(NULL);
    const char *why_not = why_not_answerable(outgoing);
    g_autofree char *key = vacation_key(outgoing, action);
    g_autofree char *own = g_strdup_printf("vacation-owed:%s:%s", outgoing->fingerprint, key);
    GError *why = NULL;
    if (!why_not && action->seconds > 0 && memory_has(outgoing->conf, key, now, &why) &&
        !memory_has(outgoing->conf, own, now, &why))
        why_not = "this sender was answered lately";
    if (why)
        return fail_memory(why, err);
    if (!why_not)
        return answer_once(outgoing, action, key, own, sent_r, err);
    log_line(LOG_LEVEL_INFO, "vacation: nothing is sent: %s", why_not);
    return true;
}

static bool answer(gpointer data, const struct plan_action *action, GBytes **sent_r, GError **err)
{
    const struct outgoing *outgoing = data;
    return action->kind == PLAN_VACATION
               ? vacation(outgoing, action, sent_r, err)
               : compose_and_send(outgoing, action, answer_for(action->kind), sent_r, err);
}

// RFC 5429: reject keeps its text, if need be in a message (§2.2); ereject keeps to the protocol,
// if need be with another text (§2.1.1).
static bool caller_can_say(const struct outgoing *outgoing, const struct plan_action *action)
{
    return !outgoing->caller_needs_ascii || action->kind == PLAN_EREJECT ||
           g_str_is_ascii(action->text);
}

static bool reject(gpointer data, const struct plan_action *action, bool *caller_refuses_r,
                   GError **err)
{
    const struct outgoing *outgoing = data;
    const char *why_not = why_not_answerable(outgoing);
    if (why_not)
        return mda_fail(err, MDA_ERROR_CONFIG, "the sender is not answered: %s", why_not);
    *caller_refuses_r = outgoing->caller_refuses && caller_can_say(outgoing, action);
    return *caller_refuses_r || compose_and_send(outgoing, action, answer_reject, NULL, err);
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
