// SPDX-License-Identifier: MIT
#include "delivery/record.h"

#include "base/log.h"
#include "base/text.h"
#include "message/intake.h"
#include "message/received.h"

#include <string.h>

#define REFUSED "a rule of the recipient's refuses this message"

// Owned by the caller.
static char *all_of(const GPtrArray *words, const char *separator)
{
    return words ? text_join(words, separator) : g_strdup("");
}

static char *status_of(const struct delivery_result *result)
{
    static const char *const words[] = {
        [DELIVERY_DEFERRED] = "deferred",
        [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_REFUSED] = "rejected",
        [DELIVERY_NO_USER] = "no-user",
    };
    return result->end == DELIVERY_BY_STATUS ? g_strdup_printf("exit-%d", result->status)
                                             : g_strdup(words[result->end]);
}

// Who sent it and for whom it is, as far as anybody has said so.
static void add_envelope(struct log_fields *fields, const struct delivery_record *record)
{
    const struct envelope *envelope = record->envelope;
    const struct delivery_options *given = record->given;
    const char *to = envelope->recipient ? envelope->recipient : given->recipient;
    const char *original =
        envelope->original_recipient ? envelope->original_recipient : given->original_recipient;
    const char *user = record->user->name ? record->user->name : given->user;
    const char *sender = envelope->sender ? envelope->sender : given->sender;
    log_fields_add(fields, "to", to ? to : user);
    if (g_strcmp0(original, to) != 0)
        log_fields_add(fields, "orig_to", original);
    log_fields_add(fields, "from", sender && *sender ? sender : sender ? "<>" : NULL);
    log_fields_add(fields, "user", user);
}

static void add_message(struct log_fields *fields, const struct delivery_record *record)
{
    if (!record->message)
        return;
    g_autofree char *received = message_header(record->message, "Received", 0);
    g_autofree char *queue = received ? received_queue_id(received) : NULL;
    g_autofree char *id = message_header(record->message, "Message-ID", 0);
    g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT, record->message->size);
    log_fields_add(fields, "queue", queue);
    log_fields_add(fields, "session", record->given->session);
    log_fields_add(fields, "msgid", id);
    log_fields_add(fields, "size", size);
}

static const char *or_none(const char *text)
{
    return text && *text ? text : "none";
}

static void add_judgement(struct log_fields *fields, const struct delivery_record *record)
{
    const struct judged *judged = record->judged;
    if (!record->message)
        return;
    log_fields_add(fields, "class", bounce_class_name(judged->class));
    log_fields_add(fields, "verdict", verdict_name(judged->verdict));
    log_fields_add(fields, "rule", or_none(judged->rule));
}

// Since our MTA took the message in; when it does not say when that was, since we began.
static char *delay_of(const struct delivery_record *record)
{
    const gint64 arrival = record->message ? intake_arrival(record->message) : 0;
    const gint64 now = g_get_real_time();
    gint64 since = g_get_monotonic_time() - record->started;
    if (arrival > 0 && now / G_USEC_PER_SEC >= arrival)
        since = MAX(since, now - arrival * G_USEC_PER_SEC);
    // Not by printf's %f: its decimal point depends on the locale.
    return g_strdup_printf("%" G_GINT64_FORMAT ".%03d", since / G_USEC_PER_SEC,
                           (int)(since % G_USEC_PER_SEC / 1000));
}

// Why the message waits or is refused; NULL when it does neither. Owned by the caller.
static char *reason_of(const struct delivery_record *record)
{
    g_autofree char *troubles = all_of(record->run->troubles, "; ");
    if (record->reason)
        return *troubles ? g_strdup_printf("%s; %s", record->reason, troubles)
                         : g_strdup(record->reason);
    if (*troubles)
        return g_steal_pointer(&troubles);
    return record->result->end == DELIVERY_REFUSED ? g_strdup(REFUSED) : NULL;
}

void record_write(const struct delivery_record *record)
{
    const struct judged *judged = record->judged;
    const bool waits = record->result->end == DELIVERY_DEFERRED;
    struct log_fields *fields = log_fields_new();
    g_autofree char *status = status_of(record->result);
    g_autofree char *places = all_of(record->run->places, ", ");
    g_autofree char *delay = delay_of(record);
    g_autofree char *reason = reason_of(record);
    add_envelope(fields, record);
    add_message(fields, record);
    add_judgement(fields, record);
    log_fields_add(fields, "folder", or_none(places));
    log_fields_add(fields, "delay", delay);
    log_fields_add(fields, "status", status);
    if (judged->class != BOUNCE_NONE && record->fingerprint) {
        g_autofree char *ref = g_strndup(record->fingerprint, JUDGE_ID_LENGTH);
        log_fields_add(fields, "ref", ref); // by which backstop why finds the line
    }
    log_fields_add(fields, "reporter", judged->host);
    log_fields_add(fields, "author", judged->address);
    log_fields_add(fields, "undecided", judged->setting);
    log_fields_add(fields, "because", judged->because);
    log_fields_add(fields, "limits", judged->limits);
    log_fields_add(fields, "reason", reason);
    log_fields_write(waits ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, fields);
    if (record->result->end != DELIVERY_DELIVERED && record->result->end != DELIVERY_BY_STATUS)
        log_tell_caller("%s: %s", status, reason ? reason : "see the log");
}
