// SPDX-License-Identifier: MIT
#include "cmd/sent-record.h"

#include "base/clock.h"
#include "ledger/facts.h"
#include "ledger/ledger.h"
#include "message/envelope.h"

bool sent_record(const struct conf *conf, GBytes *bytes, const char *from,
                 const char *const *recipients, gint64 milliseconds, GError **err)
{
    g_autoptr(Ledger) ledger = NULL;
    g_autoptr(SentFacts) facts = sent_facts_read(bytes);
    const bool given = recipients && recipients[0];
    g_autofree char *bare = envelope_address(from);
    const struct sent_message message = {
        .message_id = facts->message_id,
        .time = facts->time ? facts->time : g_get_real_time() / G_USEC_PER_SEC,
        .sender = bare,
        .author = facts->from,
        .live = true,
        .recipients = given ? recipients : (const char *const *)facts->recipients,
        .guessed = !given,
        .date = facts->time,
        .subject = facts->subject,
    };
    return ledger_open(conf, LEDGER_WRITE, deadline_in(milliseconds), &ledger, err) &&
           ledger_record(ledger, &message, err) && ledger_prune(ledger, err);
}
