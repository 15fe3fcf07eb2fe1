// SPDX-License-Identifier: MIT
#include "base/dns.h"

#include <string.h>

static bool parse_server(const char *text, struct dns_server *server_r)
{
    const char *colon = strrchr(text, ':');
    guint64 port = DNS_PORT;
    if (colon && colon != strchr(text, ':') && colon[-1] != ']')
        colon = NULL; // of an IPv6 address
    if (colon && !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))
        return false;
    g_autofree char *host = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    const gsize length = strlen(host);
    if (*host == '[' && length > 1 && host[length - 1] == ']') {
        host[length - 1] = '\0';
        memmove(host, host + 1, length - 1);
    }
    server_r->port = (guint16)port;
    return ip_parse(host, &server_r->address);
}

guint dns_servers_parse(const char *text, struct dns_server *servers_r)
{
    g_auto(GStrv) words = g_strsplit_set(text, " ,", -1);
    guint count = 0;
    for (char **word = words; *word && count < DNS_SERVERS_MAX; word++) {
        if (**word && !parse_server(*word, &servers_r[count++]))
            return 0;
    }
    return count;
}

bool dns_ask(const char *name, enum dns_type type, const char *servers, struct deadline deadline,
             struct dns_answer **answer_r, GError **err)
{
    const struct dns_api *api = (const struct dns_api *)module_load("dns", err);
    return api && api->ask(name, type, servers, deadline, answer_r, err);
}

void dns_answer_free(struct dns_answer *answer)
{
    if (!answer)
        return;
    g_ptr_array_unref(answer->records);
    g_free(answer);
}
