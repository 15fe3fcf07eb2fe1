// SPDX-License-Identifier: MIT
// What is recorded of a message that goes out, stamped and signed.
#include "milter/milter.h"

#include "base/address.h"
#include "base/log.h"
#include "base/text.h"
#include "evidence/batv.h"
#include "evidence/keys.h"
#include "evidence/stamp.h"
#include "ledger/heartbeat.h"
#include "ledger/ledger.h"
#include "message/date.h"
#include "message/mime.h"

#include <string.h>

// A Date may be this far ahead of our clock before it is no Date.
#define FUTURE_SECONDS (24 * 3600)
// And this far behind it when what it is the Date of was not recorded.
#define DATED_BACK_SECONDS (24 * 3600)

bool milter_is_internal(const struct conf *conf, const char *address)
{
    struct ip_address parsed;
    if (!ip_parse(address, &parsed))
        return false;
    for (const char *const *network = conf_list(conf, CONF_MILTER_INTERNAL); *network; network++) {
        if (ip_in_network(&parsed, *network))
            return true;
    }
    return false;
}

static void record(const struct conf *conf, const struct milter_mail *mail, GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    for (guint i = 0; i < mail->recipients->len; i++)
        g_ptr_array_add(recipients, g_ptr_array_index(mail->recipients, i));
    g_ptr_array_add(recipients, NULL);
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *subject = mail->subject ? mime_decode_header(mail->subject, -1) : NULL;
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    address_scan(mail->from, 1, authors);
    gint64 dated;
    if (!date_parse(mail->date, &dated) || dated <= 0 || dated >= now + FUTURE_SECONDS)
        dated = 0;
    const struct sent_message message = {
        .message_id = mail->message_id,
        .time = dated ? dated : now,
        .live = true,
        .date = dated,
        .subject = subject,
        .sender = mail->sender,
        .author = authors->len > 0 ? g_ptr_array_index(authors, 0) : NULL,
        .recipients = (const char *const *)recipients->pdata,
    };
    if (ledger_open(conf, LEDGER_WRITE, deadline_in(MILTER_RECORD_MS), &ledger, err) &&
        ledger_record(ledger, &message, err))
        (void)!ledger_prune(ledger, NULL);
}

// The keys of FILE, or NULL when it is not set or cannot be read, which is logged.
static GPtrArray *load_keys(const struct conf *conf, enum setting file)
{
    GPtrArray *keys = NULL;
    g_autoptr(GError) err = NULL;
    if (*conf_string(conf, file) && !keys_read(conf_string(conf, file), &keys, &err))
        log_line(LOG_LEVEL_WARNING, "milter: %s", err->message);
    return keys;
}

static char *make_stamp(const struct conf *conf, const struct milter_mail *mail)
{
    GPtrArray *keys = mail->stamped ? NULL : load_keys(conf, CONF_STAMP_KEY_FILE);
    char *stamp = keys ? stamp_make(keys, mail->from, mail->date, mail->message_id) : NULL;
    g_clear_pointer(&keys, g_ptr_array_unref);
    return stamp;
}

static char *sign_sender(const struct conf *conf, const struct milter_mail *mail)
{
    if (!strchr(mail->sender, '@') || !batv_is_signed(conf, mail->sender))
        return NULL;
    GPtrArray *keys = load_keys(conf, CONF_BATV_KEY_FILE);
    if (!keys)
        return NULL;
    char *tagged = batv_sign(keys, mail->sender, g_get_real_time() / G_USEC_PER_SEC,
                             (guint)conf_number(conf, CONF_BATV_DAYS));
    g_ptr_array_unref(keys);
    if (strcmp(tagged, mail->sender) == 0)
        g_clear_pointer(&tagged, g_free);
    return tagged;
}

// The gap that MAIL leaves begins with its Date, which may be some hours back.
static gint64 missing_from(const struct milter_mail *mail)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gint64 dated;
    return date_parse(mail->date, &dated) ? CLAMP(dated, now - DATED_BACK_SECONDS, now) : now;
}

void milter_handle(const struct conf *conf, const struct milter_mail *mail,
                   struct milter_changes *changes_r)
{
    *changes_r = (struct milter_changes){NULL, NULL};
    if (!mail->ours)
        return;
    g_autoptr(GError) err = NULL;
    record(conf, mail, &err);
    if (err) {
        log_line(LOG_LEVEL_WARNING, "milter: not recorded: %s", err->message);
        heartbeat_missed(missing_from(mail));
    } else {
        log_line(LOG_LEVEL_DEBUG, "milter: recorded %s from %s", mail->message_id, mail->sender);
    }
    changes_r->stamp = make_stamp(conf, mail);
    changes_r->new_sender = sign_sender(conf, mail);
}
