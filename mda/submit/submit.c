// SPDX-License-Identifier: MIT
#include "submit/submit.h"

#include "base/error.h"
#include "submit/submit-way.h"

#include <string.h>

struct scheme {
    const char *name;
    bool lmtp, tls;
    const char *port;
};

static const struct scheme schemes[] = {
    {"smtp", false, false, "25"},  // RFC 5321 §4.5.4.2
    {"smtps", false, true, "465"}, // RFC 8314 §3.3
    {"lmtp", true, false, "24"},   // as Dovecot's and Cyrus's lmtpd listen; RFC 2033 names none
};

static bool bad_server(const char *server, GError **err)
{
    return mda_fail(err, MDA_ERROR_TEMP,
                    "[sendmail] server \"%s\" is no smtp://HOST[:PORT], smtps://HOST[:PORT], "
                    "lmtp://HOST[:PORT] or lmtp:///PATH",
                    server);
}

static const struct scheme *find_scheme(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (strcmp(schemes[i].name, name) == 0)
            return &schemes[i];
    }
    return NULL;
}

static bool set_up_tls(const struct conf *conf, struct submit_server *server, GError **err)
{
    g_autofree char *setting =
        g_strdup_printf("sendmail.tls-ca (%s)", conf_origin(conf, CONF_SENDMAIL_TLS_CA));
    const struct tls_wanted wanted = {
        .authorities = {conf_string(conf, CONF_SENDMAIL_TLS_CA), setting},
        .certificate = {"", ""},
        .key = {"", ""},
        .check_name = conf_bool(conf, CONF_SENDMAIL_TLS_CHECK_NAME),
        .authorities_remedy = "sendmail.tls-ca names the authorities to trust",
        .name_remedy = "write a name that stands in it into sendmail.server, or set "
                       "sendmail.tls-check-name = no",
        .certificate_remedy = "it asks for a certificate of ours, and we have none",
        .refused_remedy = "",
        .plain_remedy = "it speaks no TLS there: set sendmail.starttls, with smtp://",
    };
    g_autoptr(GError) why = NULL;
    server->tls = (const struct tls_api *)module_load("tls", &why);
    if (!server->tls)
        return mda_fail(err, MDA_ERROR_TEMP,
                        "sendmail.server: TLS takes a build with OpenSSL's libssl, or a program "
                        "such as msmtp as sendmail.command: %s",
                        why->message);
    // What the admin has to mend waits for it.
    return server->tls->setup(&wanted, &server->tls_setup, &why) ||
           mda_fail(err, MDA_ERROR_TEMP, "%s", why->message);
}

static bool hand_over(const struct conf *conf, struct submit_server *server, bool tls,
                      const struct submission *mail, GError **err)
{
    server->starttls = conf_bool(conf, CONF_SENDMAIL_STARTTLS) && !tls;
    server->user = conf_string(conf, CONF_SENDMAIL_USER);
    server->password_file = conf_string(conf, CONF_SENDMAIL_PASSWORD_FILE);
    server->deadline = deadline_in(conf_milliseconds(conf, CONF_SENDMAIL_TIMEOUT));
    bool done = (!(tls || server->starttls) || set_up_tls(conf, server, err)) &&
                submit_by_smtp(server, mail, err);
    if (server->tls_setup)
        server->tls->teardown(server->tls_setup);
    return done;
}

static bool submit_to(const struct conf *conf, const char *url, const struct submission *mail,
                      GError **err)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const struct scheme *scheme = uri ? find_scheme(g_uri_get_scheme(uri)) : NULL;
    const char *host = uri && g_uri_get_host(uri) ? g_uri_get_host(uri) : "";
    const char *path = uri ? g_uri_get_path(uri) : "";
    bool socket = !*host && *path == '/' && path[1];
    bool network = *host && (!*path || strcmp(path, "/") == 0);
    if (!scheme || g_uri_get_userinfo(uri) || g_uri_get_query(uri) || !(socket || network))
        return bad_server(url, err);
    g_autofree char *port =
        g_uri_get_port(uri) > 0 ? g_strdup_printf("%d", g_uri_get_port(uri)) : NULL;
    struct submit_server server = {.shown = url,
                                   .host = host,
                                   .path = path,
                                   .port = port ? port : scheme->port,
                                   .lmtp = scheme->lmtp};
    return hand_over(conf, &server, scheme->tls, mail, err);
}

bool submit(const struct conf *conf, const struct submission *mail, GError **err)
{
    const char *server = conf_string(conf, CONF_SENDMAIL_SERVER);
    if (!*server)
        return submit_by_command(conf, mail, err);
    return submit_to(conf, server, mail, err);
}

bool submit_lmtp(const char *place, gint64 milliseconds, const struct submission *mail,
                 GError **err)
{
    struct submit_server server = {.shown = place,
                                   .host = "",
                                   .lmtp = true,
                                   .user = "",
                                   .password_file = "",
                                   .deadline = deadline_in(milliseconds)};
    if (g_str_has_prefix(place, "unix:")) {
        server.path = place + strlen("unix:");
        return submit_by_smtp(&server, mail, err);
    }
    const char *rest = g_str_has_prefix(place, "inet:") ? place + strlen("inet:") : place;
    const char *colon = strrchr(rest, ':');
    if (!colon || colon == rest || !colon[1])
        return mda_fail(err, MDA_ERROR_CONFIG, "lmtp:%s: expected lmtp:unix:PATH or lmtp:HOST:PORT",
                        place);
    // An IPv6 address stands in brackets.
    bool brackets = rest[0] == '[' && colon[-1] == ']';
    g_autofree char *host = g_strndup(rest + brackets, (gsize)(colon - rest) - 2 * brackets);
    server.host = host;
    server.port = colon + 1;
    return submit_by_smtp(&server, mail, err);
}
