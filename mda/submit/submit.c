// SPDX-License-Identifier: MIT
#include "submit/submit.h"

#include "base/error.h"
#include "submit/submit-way.h"

#include <string.h>

static const struct {
    const char *scheme;
    bool lmtp;
    const char *port;
} schemes[] = {
    {"smtp", false, "25"}, // RFC 5321 §4.5.4.2
    {"lmtp", true, "24"},  // as Dovecot's and Cyrus's lmtpd listen; RFC 2033 names none
};

static bool bad_server(const char *server, GError **err)
{
    return mda_fail(err, MDA_ERROR_TEMP,
                    "[sendmail] server \"%s\" is no smtp://HOST[:PORT], lmtp://HOST[:PORT] or "
                    "lmtp:///PATH (for TLS or a password name a program such as msmtp as "
                    "[sendmail] command)",
                    server);
}

static bool submit_to(const char *server, struct deadline deadline, const struct submission *mail,
                      GError **err)
{
    g_autoptr(GUri) uri = g_uri_parse(server, G_URI_FLAGS_NONE, NULL);
    const char *host = uri && g_uri_get_host(uri) ? g_uri_get_host(uri) : "";
    const char *path = uri ? g_uri_get_path(uri) : "";
    bool socket = !*host && *path == '/' && path[1];
    bool network = *host && (!*path || strcmp(path, "/") == 0);
    if (!uri || g_uri_get_userinfo(uri) || g_uri_get_query(uri) || !(socket || network))
        return bad_server(server, err);
    g_autofree char *port =
        g_uri_get_port(uri) > 0 ? g_strdup_printf("%d", g_uri_get_port(uri)) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (strcmp(g_uri_get_scheme(uri), schemes[i].scheme) != 0)
            continue;
        const struct submit_server to = {
            host, path, port ? port : schemes[i].port, schemes[i].lmtp, server, deadline};
        return submit_by_smtp(&to, mail, err);
    }
    return bad_server(server, err);
}

bool submit(const struct conf *conf, const struct submission *mail, GError **err)
{
    const char *server = conf_string(conf, CONF_SENDMAIL_SERVER);
    if (!*server)
        return submit_by_command(conf, mail, err);
    return submit_to(server, deadline_in(conf_milliseconds(conf, CONF_SENDMAIL_TIMEOUT)), mail,
                     err);
}
