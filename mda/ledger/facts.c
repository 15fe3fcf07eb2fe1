// SPDX-License-Identifier: MIT
#include "ledger/facts.h"

#include "base/address.h"
#include "message/date.h"
#include "message/message.h"
#include "message/mime.h"

#include <string.h>

// A Date may be this far ahead of our clock before it is no Date.
#define FUTURE_SECONDS (24 * 3600)

static gint64 read_date(const struct message *message)
{
    g_autofree char *text = message_header(message, "Date", 0);
    gint64 seconds;
    if (!date_parse(text, &seconds))
        return 0;
    return seconds <= g_get_real_time() / G_USEC_PER_SEC + FUTURE_SECONDS ? MAX(seconds, 1) : 0;
}

static char *read_address(const struct message *message, const char *name)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *value = message_header(message, name, 0);
    address_scan(value, 1, addresses);
    return addresses->len > 0 ? g_strdup(g_ptr_array_index(addresses, 0)) : NULL;
}

char *sent_name_read(const struct message *message)
{
    g_autofree char *value = message_header(message, "From", 0);
    const char *open = value ? strchr(value, '<') : NULL;
    if (!open)
        return NULL;
    char *name = g_utf8_make_valid(value, open - value);
    g_strstrip(g_strdelimit(name, "\"", ' '));
    return *name ? name : (g_free(name), NULL);
}

static char **read_recipients(const struct message *message)
{
    static const char *const names[] = {"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"};
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        for (guint n = 0; n < 10; n++) {
            g_autofree char *value = message_header(message, names[i], n);
            if (!value)
                break;
            address_scan(value, LEDGER_RECIPIENTS_MAX, addresses);
        }
    }
    char **recipients = g_new0(char *, addresses->len + 1);
    for (guint i = 0; i < addresses->len; i++)
        recipients[i] = g_strdup(g_ptr_array_index(addresses, i));
    g_ptr_array_unref(addresses);
    return recipients;
}

struct sent_facts *sent_facts_read(GBytes *bytes)
{
    g_autoptr(Message) message = message_new_saved(bytes);
    struct sent_facts *facts = g_new0(struct sent_facts, 1);
    facts->message_id = message_header(message, "Message-ID", 0);
    facts->time = read_date(message);
    facts->author = read_address(message, "From");
    facts->name = sent_name_read(message);
    g_autofree char *sender = read_address(message, "Sender");
    facts->from = g_strdup(sender ? sender : facts->author);
    g_autofree char *subject = message_header(message, "Subject", 0);
    facts->subject = subject ? mime_decode_header(subject, -1) : NULL;
    facts->recipients = read_recipients(message);
    return facts;
}

bool sent_facts_record(const struct sent_facts *facts, struct ledger *ledger, GError **err)
{
    const struct sent_message message = {
        .message_id = facts->message_id,
        .time = facts->time,
        .recipients = (const char *const *)facts->recipients,
        .guessed = true,
        .date = facts->time,
        .subject = facts->subject,
    };
    return ledger_record(ledger, &message, err);
}

void sent_facts_free(struct sent_facts *facts)
{
    if (!facts)
        return;
    g_free(facts->message_id);
    g_free(facts->author);
    g_free(facts->name);
    g_free(facts->from);
    g_free(facts->subject);
    g_strfreev(facts->recipients);
    g_free(facts);
}
