// SPDX-License-Identifier: MIT
#include "message/envelope.h"

#include <string.h>

void envelope_clear(struct envelope *envelope)
{
    g_clear_pointer(&envelope->sender, g_free);
    g_clear_pointer(&envelope->recipient, g_free);
    g_clear_pointer(&envelope->original_recipient, g_free);
    g_clear_pointer(&envelope->extension, g_free);
    g_clear_pointer(&envelope->client_address, g_free);
    g_clear_pointer(&envelope->client_helo, g_free);
    g_clear_pointer(&envelope->client_name, g_free);
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
