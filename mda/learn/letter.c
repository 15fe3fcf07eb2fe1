// SPDX-License-Identifier: MIT
// Design rationale
// - A copy that a mail program keeps never travelled: it has no Received line, nor any other mark
//   of delivery. What bears the user's address as its author and has travelled is his own post that
//   came back, or spam: only what the folders of sent mail have, by its id or by Date and Subject,
//   is his.
// - An answer is a test of the Sent folder when somebody to whom he wrote sent it to him alone.
//   Spam makes up what it answers; on lists, and with several addressees, people answer each other.
//   Programs that answer are none: they also answer what is forged.
// - A mail that many answer was tested once.
// - Whether the folder has what was answered must not decide whether an answer counts, or the count
//   would be about nothing. What others wrote is told apart by its own id (learnt_note_received).
#include "learn/letter.h"

#include "base/address.h"
#include "base/text.h"
#include "ledger/facts.h"
#include "ledger/learnt.h"
#include "message/date.h"
#include "message/received.h"

#include <string.h>

#define HOPS_MAX 20
#define FUTURE_SECONDS (24 * 3600)

static char *address_in(const struct message *message, const char *name)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *value = message_header(message, name, 0);
    address_scan(value, 1, addresses);
    return addresses->len > 0 ? g_strdup(g_ptr_array_index(addresses, 0)) : NULL;
}

static bool is_own(const struct learner *learner, const char *address)
{
    g_autofree char *plain = address_plain(address);
    return plain && g_hash_table_contains(learner->own, plain);
}

// The Date, or 0. One in the future is none.
static gint64 date_of(const struct message *message)
{
    g_autofree char *text = message_header(message, "Date", 0);
    gint64 when;
    if (!text || !date_parse(text, &when) ||
        when > g_get_real_time() / G_USEC_PER_SEC + FUTURE_SECONDS)
        return 0;
    return when;
}

static bool field_says(const struct message *message, const char *name, const char *const *words)
{
    g_autofree char *value = message_header(message, name, 0);
    for (; value && *words; words++) {
        if (g_ascii_strncasecmp(value, *words, strlen(*words)) == 0)
            return true;
    }
    return false;
}

// Lists, programs, newsletters.
static bool is_bulk(const struct message *message)
{
    static const char *const signs[] = {"List-Id",     "List-Post",     "List-Unsubscribe",
                                        "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress",
                                        "X-Backstop"};
    static const char *const no[] = {"no", NULL};
    static const char *const bulk[] = {"bulk", "list", "junk", "auto_reply", NULL};
    static const char *const null[] = {"<>", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (message_field(message, signs[i], 0))
            return true;
    }
    return (message_field(message, "Auto-Submitted", 0) &&
            !field_says(message, "Auto-Submitted", no)) ||
           field_says(message, "Precedence", bulk) || field_says(message, "Return-Path", null);
}

bool letter_is_answer(const struct message *message)
{
    return message_field(message, "In-Reply-To", 0) && !message_field(message, "Cc", 0) &&
           !is_bulk(message);
}

// The first Message-ID of In-Reply-To. Owned by the caller; NULL: none.
static char *answered_id(const struct message *message)
{
    g_autofree char *value = message_header(message, "In-Reply-To", 0);
    const char *open = value ? strchr(value, '<') : NULL;
    const char *close = open ? strchr(open, '>') : NULL;
    return close ? g_strndup(open, (gsize)(close - open) + 1) : NULL;
}

// The user's address, when the letter went to it alone. As in learner->own; NULL: it did not.
static char *sole_addressee(const struct learner *learner, const struct message *message)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *to = message_header(message, "To", 0);
    address_scan(to, 2, addresses);
    if (addresses->len != 1 || message_field(message, "To", 1))
        return NULL;
    g_autofree char *plain = address_plain(addresses->pdata[0]);
    return g_hash_table_contains(learner->own, plain) ? g_steal_pointer(&plain) : NULL;
}

static bool learn_answer(struct learner *learner, const struct message *message, const char *author,
                         GError **err)
{
    bool wrote;
    gint64 last;
    g_autofree char *account = letter_is_answer(message) ? sole_addressee(learner, message) : NULL;
    g_autofree char *answered = account ? answered_id(message) : NULL;
    const gint64 when = date_of(message);
    if (!answered || !when)
        return true;
    if (!ledger_wrote_to(learner->sent, author, &wrote, &last, err))
        return false;
    if (!wrote)
        return true;
    learner->counts->answers++;
    return learnt_note_answer(learner->state, account, answered, when, err);
}

static bool learn_copy(struct learner *learner, GBytes *header, GError **err)
{
    g_autoptr(SentFacts) facts = sent_facts_read(header);
    g_autofree char *account = address_plain(facts->author);
    learner->counts->sent++;
    return sent_facts_record(facts, learner->sent, err) &&
           learnt_note_sent(learner->state, account, facts->name, facts->message_id, facts->time,
                            err);
}

// Is a letter that came back in the folders of sent mail?
static bool was_sent(const struct learner *learner, const struct sent_facts *facts, bool *yes_r,
                     GError **err)
{
    struct sent_record record;
    *yes_r = false;
    if (facts->message_id &&
        !ledger_find(learner->sent, facts->message_id, NULL, yes_r, &record, err))
        return false;
    return *yes_r || !facts->time || !facts->subject || !*facts->subject ||
           ledger_sent_alike(learner->sent, facts->time, facts->subject, yes_r, err);
}

// Notes the organisation of the host where the letter was handed in, and of the one that handed it
// to others: the oldest lines of its trail, up to the first host of another organisation.
static bool learn_trail(struct learner *learner, const struct message *message, const char *id,
                        gint64 when, GError **err)
{
    guint count = 0;
    while (count < HOPS_MAX && message_field(message, "Received", count))
        count++;
    g_autofree char *first = NULL;
    bool sound = true, left = false;
    for (guint i = count; sound && !left && i-- > 0;) {
        g_autofree char *value = message_header(message, "Received", i);
        struct received hop;
        received_parse(value, &hop);
        // Who handed it to this host, when that is one of the sender's side.
        g_autofree char *client = domain_organisation(hop.name ? hop.name : hop.from);
        g_autofree char *writer = domain_organisation(hop.by);
        left = first && client && g_strcmp0(client, writer) != 0;
        if (left)
            sound = learnt_note_relay(learner->state, client, id, when, err);
        else if (!first && writer && (first = g_strdup(writer)))
            sound = learnt_note_relay(learner->state, first, id, when, err);
        received_clear(&hop);
    }
    return sound;
}

static bool learn_post(struct learner *learner, const struct message *message, GBytes *header,
                       GError **err)
{
    g_autoptr(SentFacts) facts = sent_facts_read(header);
    bool his;
    if (!was_sent(learner, facts, &his, err))
        return false;
    if (!his || !facts->message_id || !facts->time)
        return true;
    learner->counts->posts++;
    return learn_trail(learner, message, facts->message_id, facts->time, err);
}

// Did it come in from outside? What delivers mail leaves a mark on it.
static bool has_travelled(const struct message *message)
{
    static const char *const marks[] = {"Received",      "Return-Path", "Delivered-To",
                                        "X-Original-To", "Envelope-To", "X-Backstop"};
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (message_field(message, marks[i], 0))
            return true;
    }
    return false;
}

bool letter_learn(struct learner *learner, enum special_use use, const struct message *message,
                  GError **err)
{
    g_autofree char *author = address_in(message, "From");
    g_autofree char *id = message_header(message, "Message-ID", 0);
    const bool travelled = learner->delivered || has_travelled(message);
    const bool unknown = g_hash_table_size(learner->own) == 0;
    const bool own = author && is_own(learner, author);
    if (!author || use == USE_JUNK)
        return true;
    if (!travelled && (own || (unknown && use == USE_ARCHIVE)))
        return learn_copy(learner, message->bytes, err);
    if (own)
        return learn_post(learner, message, message->bytes, err);
    learner->counts->received++;
    return (!id || learnt_note_received(learner->state, id, err)) &&
           learn_answer(learner, message, author, err);
}
