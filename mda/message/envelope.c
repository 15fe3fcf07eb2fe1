// SPDX-License-Identifier: MIT
#include "message/envelope.h"

#include <string.h>

void envelope_dsn_copy(const struct envelope_dsn *from, struct envelope_dsn *to_r)
{
    *to_r = (struct envelope_dsn){
        .notify = g_strdup(from->notify),
        .orcpt = g_strdup(from->orcpt),
        .ret = g_strdup(from->ret),
        .envid = g_strdup(from->envid),
    };
}

void envelope_clear(struct envelope *envelope)
{
    g_clear_pointer(&envelope->sender, g_free);
    g_clear_pointer(&envelope->recipient, g_free);
    g_clear_pointer(&envelope->original_recipient, g_free);
    g_clear_pointer(&envelope->addressed, g_free);
    g_clear_pointer(&envelope->extension, g_free);
    g_clear_pointer(&envelope->client_address, g_free);
    g_clear_pointer(&envelope->client_helo, g_free);
    g_clear_pointer(&envelope->client_name, g_free);
    g_clear_pointer(&envelope->dsn.notify, g_free);
    g_clear_pointer(&envelope->dsn.orcpt, g_free);
    g_clear_pointer(&envelope->dsn.ret, g_free);
    g_clear_pointer(&envelope->dsn.envid, g_free);
}

char *envelope_address(const char *address)
{
    if (!address)
        return NULL;
    char *copy = g_strstrip(g_strdup(address));
    gsize length = strlen(copy);
    if (length >= 2 && copy[0] == '<' && copy[length - 1] == '>') {
        memmove(copy, copy + 1, length - 2);
        copy[length - 2] = '\0';
    }
    return copy;
}
