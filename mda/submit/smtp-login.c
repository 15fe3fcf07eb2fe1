// SPDX-License-Identifier: MIT
// Before the first mail: greeting, TLS (RFC 3207, RFC 8314), login (RFC 4954).
#include "base/error.h"
#include "base/files.h"
#include "submit/smtp-session.h"

#include <string.h>

#define PASSWORD_MAX_BYTES 1024

static bool begin_tls(struct smtp_session *session, GError **err)
{
    const struct submit_server *server = session->server;
    // RFC 3207 §4: what came before TLS was never protected.
    if (session->in->len > 0)
        return mda_fail(err, MDA_ERROR_TEMP, "%s: it talks before TLS has begun", server->shown);
    if (stream_start_tls(session->stream, server->tls, server->tls_setup, server->host,
                         session->deadline, err))
        return true;
    g_prefix_error(err, "%s: ", server->shown);
    return false;
}

static bool upgrade(struct smtp_session *session, GError **err)
{
    if (!(session->offered & OFFER_STARTTLS))
        return mda_fail(err, MDA_ERROR_TEMP,
                        "%s: it offers no STARTTLS, which sendmail.starttls wants",
                        session->server->shown);
    return smtp_say(session, "STARTTLS\r\n", '2', "STARTTLS", err) && begin_tls(session, err) &&
           smtp_hello(session, err);
}

// A password goes to nobody who may listen on the way.
static bool is_private(const struct smtp_session *session)
{
    const char *host = session->server->host;
    return stream_has_tls(session->stream) || !*host || strcmp(host, "localhost") == 0 ||
           g_str_has_prefix(host, "127.") || strcmp(host, "::1") == 0;
}

static bool read_password(const struct submit_server *server, char **password_r, GError **err)
{
    gsize size = 0;
    g_autoptr(GError) why = NULL;
    if (!files_read(server->password_file, PASSWORD_MAX_BYTES, password_r, &size, &why))
        return mda_fail(err, MDA_ERROR_TEMP, "sendmail.password-file: %s", why->message);
    g_strchomp(*password_r);
    return true;
}

// RFC 4616: nothing, the user, the password, with NULs between them.
static char *plain_login(const char *user, const char *password)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_c(text, '\0');
    g_string_append(text, user);
    g_string_append_c(text, '\0');
    g_string_append(text, password);
    g_autofree char *base64 = g_base64_encode((const guchar *)text->str, text->len);
    return g_strdup_printf("AUTH PLAIN %s\r\n", base64);
}

static bool log_in(struct smtp_session *session, GError **err)
{
    const struct submit_server *server = session->server;
    g_autofree char *password = NULL;
    if (!is_private(session))
        return mda_fail(err, MDA_ERROR_TEMP,
                        "%s: a password is not sent without TLS: set sendmail.starttls, or write "
                        "smtps://",
                        server->shown);
    if (!(session->offered & OFFER_AUTH_PLAIN))
        return mda_fail(err, MDA_ERROR_TEMP, "%s: it offers no AUTH PLAIN", server->shown);
    if (!read_password(server, &password, err))
        return false;
    g_autofree char *line = plain_login(server->user, password);
    g_autoptr(GError) why = NULL;
    if (smtp_say(session, line, '2', "AUTH", &why))
        return true;
    // A wrong password is mended by the admin, not by giving up what waits for it.
    return mda_fail(err, MDA_ERROR_TEMP, "%s", why->message);
}

bool smtp_enter(struct smtp_session *session, GError **err)
{
    const struct submit_server *server = session->server;
    if (server->tls && !server->starttls && !begin_tls(session, err))
        return false;
    return smtp_expect(session, '2', "connecting", err) && smtp_hello(session, err) &&
           (!server->starttls || upgrade(session, err)) && (!*server->user || log_in(session, err));
}
