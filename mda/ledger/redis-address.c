// SPDX-License-Identifier: MIT
#include "ledger/redis-address.h"

#include "base/error.h"

#include <string.h>

#define DEFAULT_PORT 6379
#define DEFAULT_HOST "127.0.0.1"
#define DB_MAX 65535

static void host_free(gpointer data)
{
    struct redis_host *host = data;
    g_free(host->name);
    g_free(host);
}

void redis_address_clear(struct redis_address *address)
{
    g_clear_pointer(&address->hosts, g_ptr_array_unref);
    g_clear_pointer(&address->user, g_free);
    g_clear_pointer(&address->password, g_free);
}

static void add_host(struct redis_address *address, const char *name, int port)
{
    struct redis_host *host = g_new0(struct redis_host, 1);
    host->name = g_strdup(name);
    host->port = port;
    g_ptr_array_add(address->hosts, host);
}

// "host", "host:port", "[address]:port", "" for this host.
static bool add_text(struct redis_address *address, char *text)
{
    guint64 port = DEFAULT_PORT;
    char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    char *colon = strrchr(bracket ? bracket : text, ':');
    if (colon) {
        *colon = '\0';
        if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL))
            return false;
    }
    if (bracket)
        *bracket++ = '\0';
    if (bracket && *bracket)
        return false;
    add_host(address, bracket ? text + 1 : *text ? text : DEFAULT_HOST, (int)port);
    return true;
}

static void take_login(struct redis_address *address, const char *text, gsize length)
{
    g_autofree char *login = g_strndup(text, length);
    char *colon = strchr(login, ':');
    if (colon)
        *colon = '\0';
    address->user = *login ? g_uri_unescape_string(login, NULL) : NULL;
    address->password = colon ? g_uri_unescape_string(colon + 1, NULL) : NULL;
}

// "host[:port][,host[:port]…][/db]"; *WHY_R tells what is wrong.
static bool take_hosts(struct redis_address *address, const char *text, const char **why_r)
{
    guint64 db = 0;
    const gsize length = strcspn(text, "/");
    g_autofree char *list = g_strndup(text, length);
    g_auto(GStrv) hosts = g_strsplit(list, ",", -1);
    *why_r = "a host is written host:port, [IPv6 address]:port";
    for (char **host = hosts; *host; host++) {
        if (!add_text(address, *host))
            return false;
    }
    if (address->hosts->len == 0)
        add_host(address, DEFAULT_HOST, DEFAULT_PORT);
    *why_r = "behind the / stands the number of a database";
    return text[length] == '\0' || text[length + 1] == '\0' ||
                   g_ascii_string_to_unsigned(text + length + 1, 10, 0, DB_MAX, &db, NULL)
               ? (address->db = (int)db, true)
               : false;
}

bool redis_address_parse(const char *url, const struct conf *conf, struct redis_address *address_r,
                         GError **err)
{
    struct redis_address address = {.hosts = g_ptr_array_new_with_free_func(host_free)};
    const char *why = NULL, *rest = strstr(url, "://") + strlen("://");
    address.tls = g_str_has_prefix(url, "rediss:") || g_str_has_prefix(url, "valkeys:");
    const char *at = strrchr(rest, '@');
    if (at) {
        take_login(&address, rest, (gsize)(at - rest));
        rest = at + 1;
    }
    if (strstr(url, "+unix:") && strstr(url, "+unix:") < rest) {
        add_host(&address, rest, 0);
    } else if (!take_hosts(&address, rest, &why)) {
        redis_address_clear(&address);
        return mda_fail(err, MDA_ERROR_CONFIG, "ledger.url (%s): \"%s\": %s",
                        conf_origin(conf, CONF_LEDGER_URL), rest, why);
    }
    *address_r = address;
    return true;
}
