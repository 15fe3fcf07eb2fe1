// SPDX-License-Identifier: MIT
#include "ledger/sent-record.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/facts.h"
#include "ledger/gapfile.h"
#include "ledger/ledger.h"
#include "message/envelope.h"

static bool record(const struct conf *conf, const struct sent_message *message, gint64 milliseconds,
                   GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    if (!ledger_open(conf, LEDGER_WRITE, deadline_in(milliseconds), &ledger, err) ||
        !ledger_record(ledger, message, err))
        return false;
    // What cannot be handed in now stays where it is.
    (void)!ledger_hand_in_gaps(ledger, NULL);
    return ledger_prune(ledger, err);
}

static struct sent_message describe(const struct sent_facts *facts, const char *sender,
                                    const char *const *recipients)
{
    const bool given = recipients && recipients[0];
    return (struct sent_message){
        .message_id = facts->message_id,
        .time = facts->time ? facts->time : g_get_real_time() / G_USEC_PER_SEC,
        .sender = sender,
        .author = facts->from,
        .live = true,
        .recipients = given ? recipients : (const char *const *)facts->recipients,
        .guessed = !given,
        .date = facts->time,
        .subject = facts->subject,
    };
}

bool sent_record(const struct conf *conf, GBytes *bytes, const char *from,
                 const char *const *recipients, gint64 milliseconds, GError **err)
{
    g_autoptr(SentFacts) facts = sent_facts_read(bytes);
    g_autofree char *bare = envelope_address(from);
    const struct sent_message message = describe(facts, bare, recipients);
    return record(conf, &message, milliseconds, err);
}

void sent_record_or_gap(const struct conf *conf, GBytes *bytes, const char *from,
                        const char *const *recipients, gint64 milliseconds, const char *who)
{
    g_autoptr(SentFacts) facts = sent_facts_read(bytes);
    g_autofree char *bare = envelope_address(from);
    const struct sent_message message = describe(facts, bare, recipients);
    g_autoptr(GError) err = NULL;
    gapfile_prepare(conf);
    if (record(conf, &message, milliseconds, &err))
        return;
    log_line(LOG_LEVEL_WARNING, "%s: not recorded: %s", who, err->message);
    g_clear_error(&err);
    if (!ledger_note_failure(conf, &message, &err))
        log_line(LOG_LEVEL_WARNING, "%s: nor could the gap be noted: %s", who, err->message);
}
