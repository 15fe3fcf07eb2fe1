// SPDX-License-Identifier: MIT
#include "submit/smtp-session.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

// RFC 5321 §4.5.3.1.5 lets a reply line have 512 bytes; servers send more.
#define LINE_MAX_BYTES 2048
#define REPLY_MAX_LINES 100

static bool name_server(const struct smtp_session *session, GError **err)
{
    g_prefix_error(err, "%s: ", session->server->shown);
    return false;
}

bool smtp_open(struct smtp_session *session, const struct submit_server *server, GError **err)
{
    const struct stream_place place = {
        .host = *server->host ? server->host : NULL, .port = server->port, .path = server->path};
    *session = (struct smtp_session){
        .server = server, .in = g_string_new(NULL), .deadline = server->deadline};
    session->stream = stream_open(&place, "sendmail.timeout", session->deadline, err);
    return session->stream || name_server(session, err);
}

void smtp_close(struct smtp_session *session, bool sound)
{
    stream_close(session->stream, sound);
    g_string_free(session->in, TRUE);
}

bool smtp_write(struct smtp_session *session, const char *data, gsize size, GError **err)
{
    return stream_write(session->stream, data, size, session->deadline, err) ||
           name_server(session, err);
}

// The next line without its end. Owned by the caller.
static bool read_line(struct smtp_session *session, char **line_r, GError **err)
{
    const char *end;
    while (!(end = memchr(session->in->str, '\n', session->in->len))) {
        char buffer[LINE_MAX_BYTES];
        if (session->in->len >= LINE_MAX_BYTES)
            return mda_fail(err, MDA_ERROR_TEMP, "%s: a line that does not end",
                            session->server->shown);
        gsize got = stream_read(session->stream, buffer, sizeof(buffer), session->deadline, err);
        if (got == 0)
            return name_server(session, err);
        g_string_append_len(session->in, buffer, (gssize)got);
    }
    gsize length = (gsize)(end - session->in->str);
    *line_r = g_strchomp(g_strndup(session->in->str, length));
    g_string_erase(session->in, 0, (gssize)length + 1);
    return true;
}

static bool says_word(const char *line, const char *word)
{
    g_auto(GStrv) words = g_strsplit_set(line, " =", -1);
    for (guint i = 1; words[i]; i++) {
        if (g_ascii_strcasecmp(words[i], word) == 0)
            return true;
    }
    return false;
}

static void note_offer(struct smtp_session *session, const char *line)
{
    static const char *const offers[] = {"8BITMIME", "SMTPUTF8",  "DSN",
                                         "SIZE",     "DELIVERBY", "STARTTLS"};
    for (guint i = 0; i < G_N_ELEMENTS(offers); i++) {
        gsize length = strlen(offers[i]);
        if (g_ascii_strncasecmp(line, offers[i], length) == 0 &&
            (!line[length] || line[length] == ' '))
            session->offered |= 1U << i;
    }
    if (g_ascii_strncasecmp(line, "AUTH", 4) == 0 && says_word(line, "PLAIN"))
        session->offered |= OFFER_AUTH_PLAIN;
}

static bool is_reply_line(const char *line)
{
    return line[0] >= '1' && line[0] <= '5' && g_ascii_isdigit(line[1]) &&
           g_ascii_isdigit(line[2]) && (!line[3] || line[3] == ' ' || line[3] == '-');
}

// Reads one reply: *LAST_R, owned by the caller, is its last line. OFFERING: it answers EHLO.
static bool read_reply(struct smtp_session *session, bool offering, char **last_r, GError **err)
{
    for (guint count = 0; count < REPLY_MAX_LINES; count++) {
        g_autofree char *line = NULL;
        if (!read_line(session, &line, err))
            return false;
        if (!is_reply_line(line))
            break;
        if (offering && count > 0 && line[3])
            note_offer(session, line + 4);
        if (line[3] != '-') {
            *last_r = g_steal_pointer(&line);
            return true;
        }
    }
    return mda_fail(err, MDA_ERROR_TEMP, "%s: that is no reply", session->server->shown);
}

static bool take_reply(struct smtp_session *session, bool offering, char wanted, const char *what,
                       GError **err)
{
    g_autofree char *last = NULL;
    if (!read_reply(session, offering, &last, err))
        return false;
    g_autofree char *shown = text_printable(last, -1, 200);
    return *last == wanted ||
           mda_fail(err, *last == '5' ? MDA_ERROR_CONFIG : MDA_ERROR_TEMP,
                    "%s: to %s it said \"%s\"", session->server->shown, what, shown);
}

bool smtp_expect(struct smtp_session *session, char wanted, const char *what, GError **err)
{
    return take_reply(session, false, wanted, what, err);
}

bool smtp_say(struct smtp_session *session, const char *line, char wanted, const char *what,
              GError **err)
{
    return smtp_write(session, line, strlen(line), err) && smtp_expect(session, wanted, what, err);
}

bool smtp_hello(struct smtp_session *session, GError **err)
{
    const char *verb = session->server->lmtp ? "LHLO" : "EHLO";
    g_autofree char *line = g_strdup_printf("%s %s\r\n", verb, g_get_host_name());
    session->offered = 0;
    return smtp_write(session, line, strlen(line), err) &&
           take_reply(session, true, '2', verb, err);
}
