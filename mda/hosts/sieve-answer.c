// SPDX-License-Identifier: MIT
// The view of a message that plan/answer composes answers from.
#include "hosts/sieve-execute.h"
#include "message/compose.h"
#include "sieve/lang/address-parts.h"

#include <string.h>
#include <time.h>

struct answer_lookup {
    struct sieve_answer *answer;
    struct sieve_source *source;
};

static const char *answer_header_of(gpointer data, const char *name, guint n)
{
    struct answer_lookup *lookup = data;
    g_autofree char *raw = message_header(lookup->answer->message, name, n);
    if (!raw)
        return NULL;
    char *value = mime_decode_header(raw, -1);
    g_ptr_array_add(lookup->answer->values, value);
    return value;
}

static GPtrArray *answer_addresses_of(gpointer data, const char *name)
{
    const struct answer_lookup *lookup = data;
    const struct message *message = lookup->answer->message;
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (!header_field_is(field, name))
            continue;
        // Not decoded: what an encoded word says is no address.
        g_autofree char *value = header_field_value(field);
        g_autoptr(GPtrArray) found = sieve_addresses_parse(value);
        for (guint k = 0; k < found->len; k++) {
            const struct sieve_address *address = g_ptr_array_index(found, k);
            if (address->local && address->domain)
                g_ptr_array_add(all, g_strdup(address->text));
        }
    }
    return all;
}

static const char *answer_setting_of(gpointer data, const char *name)
{
    const struct answer_lookup *lookup = data;
    return g_hash_table_lookup(lookup->source->settings, name);
}

static const char *setting_or(const struct sieve_source *source, const char *name,
                              const char *other)
{
    const char *value = g_hash_table_lookup(source->settings, name);
    return value && *value ? value : other;
}

// "<user@domain>" or "user@domain" as an address.
static char *bare_setting(const struct sieve_source *source, const char *name)
{
    const char *value = setting_or(source, name, NULL);
    return value ? mime_first_address(value) : NULL;
}

void sieve_answer_init(struct sieve_answer *answer, struct sieve_source *source,
                       const struct plan_action *action)
{
    struct answer_lookup *lookup = g_new0(struct answer_lookup, 1);
    const struct message *message = sieve_source_message(source);
    *answer = (struct sieve_answer){0};
    lookup->answer = answer;
    lookup->source = source;
    answer->values = g_ptr_array_new_with_free_func(g_free);
    answer->bytes = action && action->message ? g_bytes_ref(action->message)
                                              : g_bytes_new(message->data, message->size);
    if (action && action->kind == PLAN_REDIRECT) {
        GBytes *whole = answer->bytes;
        answer->bytes = compose_forward(whole);
        g_bytes_unref(whole);
    }
    answer->message = message_new(answer->bytes);
    char *user_email = bare_setting(source, "user_email");
    if (user_email)
        g_ptr_array_add(answer->values, user_email);
    answer->answer = (struct answer_case){
        .data = lookup,
        .header = answer_header_of,
        .addresses = answer_addresses_of,
        .setting = answer_setting_of,
        .message = answer->bytes,
        .sender = source->from,
        .recipient = source->to,
        .original_recipient = source->orig_to,
        .user_email = user_email,
        .postmaster = setting_or(source, "postmaster_address", "postmaster@localhost"),
        .host = g_get_host_name(),
        .now = source->now ? source->now : (gint64)time(NULL),
    };
}

void sieve_answer_release(struct sieve_answer *answer)
{
    g_free(answer->answer.data);
    g_ptr_array_unref(answer->values);
    message_free(answer->message);
    g_bytes_unref(answer->bytes);
}
