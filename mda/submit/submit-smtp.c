// SPDX-License-Identifier: MIT
// A client of SMTP (RFC 5321) and LMTP (RFC 2033). One mail a connection; every recipient is taken,
// or nothing is sent.
#include "base/error.h"
#include "base/text.h"
#include "submit/connection.h"

#include <string.h>

#define REPLY_MAX_LINES 100
#define DATA_CHUNK (64 * 1024)

// What the server offers in its answer to EHLO.
enum offer {
    OFFER_8BITMIME = 1 << 0,
    OFFER_SMTPUTF8 = 1 << 1,
    OFFER_DSN = 1 << 2,
    OFFER_SIZE = 1 << 3,
    OFFER_DELIVERBY = 1 << 4,
};

static const char *const offers[] = {"8BITMIME", "SMTPUTF8", "DSN", "SIZE", "DELIVERBY"};

struct session {
    struct connection connection;
    const struct submission *mail;
    bool lmtp;
    unsigned offered; // bits of enum offer
};

struct reply {
    int code;   // 100 to 599
    char *last; // what the last line says, for people; owned
};

static void note_offer(struct session *session, const char *line)
{
    for (guint i = 0; i < G_N_ELEMENTS(offers); i++) {
        gsize length = strlen(offers[i]);
        if (g_ascii_strncasecmp(line, offers[i], length) == 0 &&
            (!line[length] || line[length] == ' '))
            session->offered |= 1U << i;
    }
}

static bool is_reply_line(const char *line)
{
    return line[0] >= '1' && line[0] <= '5' && g_ascii_isdigit(line[1]) &&
           g_ascii_isdigit(line[2]) && (!line[3] || line[3] == ' ' || line[3] == '-');
}

// Reads one reply (RFC 5321 §4.2.1). OFFERING: it is the answer to EHLO.
static bool read_reply(struct session *session, bool offering, struct reply *reply_r, GError **err)
{
    for (guint count = 0; count < REPLY_MAX_LINES; count++) {
        g_autofree char *line = NULL;
        if (!connection_line(&session->connection, &line, err))
            return false;
        if (!is_reply_line(line))
            break;
        if (offering && count > 0 && line[3])
            note_offer(session, line + 4);
        if (line[3] != '-') {
            reply_r->code = (int)g_ascii_strtoll(line, NULL, 10);
            reply_r->last = text_printable(line, -1, 200);
            return true;
        }
    }
    return mda_fail(err, MDA_ERROR_TEMP, "%s: that is no reply", session->connection.shown);
}

// Reads a reply that must begin with the digit WANTED. WHAT was said is for the message.
static bool expect(struct session *session, char wanted, const char *what, GError **err)
{
    struct reply reply = {0, NULL};
    if (!read_reply(session, strcmp(what, "EHLO") == 0, &reply, err))
        return false;
    g_autofree char *last = reply.last;
    if (reply.code / 100 == wanted - '0')
        return true;
    return mda_fail(err, reply.code / 100 == 5 ? MDA_ERROR_CONFIG : MDA_ERROR_TEMP,
                    "%s: to %s it said \"%s\"", session->connection.shown, what, last);
}

static bool say(struct session *session, const GString *line, char wanted, const char *what,
                GError **err)
{
    return connection_write(&session->connection, line->str, line->len, err) &&
           expect(session, wanted, what, err);
}

static bool greet(struct session *session, GError **err)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "%s %s\r\n", session->lmtp ? "LHLO" : "EHLO", g_get_host_name());
    return expect(session, '2', "connecting", err) && say(session, line, '2', "EHLO", err);
}

static bool has_8bit(const char *data, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        if ((guchar)data[i] >= 0x80)
            return true;
    }
    return false;
}

// RFC 1870 §5: as it goes over the wire, dots not doubled.
static gsize wire_size(const char *data, gsize size)
{
    gsize total = size;
    for (gsize i = 0; i < size; i++)
        total += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
    return total;
}

static bool needs_utf8(const struct submission *mail)
{
    bool needed = has_8bit(mail->sender, strlen(mail->sender));
    for (guint i = 0; i < mail->to->len; i++) {
        const char *to = g_ptr_array_index(mail->to, i);
        needed = needed || has_8bit(to, strlen(to));
    }
    return needed;
}

// The parameters of MAIL: those that the server offers, and DELIVERBY (RFC 2852 §4.1.1), without
// which mail that must come back when it is late may not leave.
static bool add_mail_parameters(const struct session *session, GString *line, GError **err)
{
    const struct submission *mail = session->mail;
    gsize size = 0;
    const char *data = g_bytes_get_data(mail->text, &size);
    if (session->offered & OFFER_SIZE)
        g_string_append_printf(line, " SIZE=%" G_GSIZE_FORMAT, wire_size(data, size));
    if (session->offered & OFFER_8BITMIME && has_8bit(data, size))
        g_string_append(line, " BODY=8BITMIME");
    if (needs_utf8(mail)) {
        if (!(session->offered & OFFER_SMTPUTF8))
            return mda_fail(err, MDA_ERROR_CONFIG, "%s takes no addresses in UTF-8 (RFC 6531)",
                            session->connection.shown);
        g_string_append(line, " SMTPUTF8");
    }
    if (session->offered & OFFER_DSN && mail->ret)
        g_string_append_printf(line, " RET=%s", mail->ret);
    if (session->offered & OFFER_DELIVERBY && mail->by_mode)
        g_string_append_printf(line, " BY=%" G_GINT64_FORMAT ";%c%s", mail->by_seconds,
                               mail->by_mode, mail->by_trace ? "T" : "");
    else if (mail->by_mode == 'R')
        return mda_fail(err, MDA_ERROR_CONFIG, "%s takes no deliver-by time (RFC 2852)",
                        session->connection.shown);
    return true;
}

// An address goes into a line of the protocol: it may hold nothing that ends it, or its brackets.
static bool is_plain_address(const char *address)
{
    for (const char *at = address; *at; at++) {
        if ((guchar)*at <= ' ' || *at == 0x7f || *at == '<' || *at == '>')
            return false;
    }
    return true;
}

static bool name_envelope(struct session *session, GError **err)
{
    const struct submission *mail = session->mail;
    if (!is_plain_address(mail->sender))
        return mda_fail(err, MDA_ERROR_CONFIG, "that envelope sender is no address");
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", mail->sender);
    if (!add_mail_parameters(session, line, err))
        return false;
    g_string_append(line, "\r\n");
    if (!say(session, line, '2', "MAIL", err))
        return false;
    for (guint i = 0; i < mail->to->len; i++) {
        const char *to = g_ptr_array_index(mail->to, i);
        if (!is_plain_address(to))
            return mda_fail(err, MDA_ERROR_CONFIG, "that recipient is no address");
        g_string_printf(line, "RCPT TO:<%s>", to);
        if (session->offered & OFFER_DSN && mail->notify)
            g_string_append_printf(line, " NOTIFY=%s", mail->notify);
        g_string_append(line, "\r\n");
        if (!say(session, line, '2', "RCPT", err))
            return false;
    }
    return true;
}

// The text with a dot put before each line that begins with one (RFC 5321 §4.5.2). A bare LF is
// made a line end here, so that no two readers can differ about where the mail ends.
static bool send_text(struct session *session, GError **err)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(session->mail->text, &size);
    g_autoptr(GString) out = g_string_sized_new(DATA_CHUNK);
    bool begins = true;
    for (gsize i = 0; i < size; i++) {
        if (begins && data[i] == '.')
            g_string_append_c(out, '.');
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            g_string_append_c(out, '\r');
        g_string_append_c(out, data[i]);
        begins = data[i] == '\n';
        if (out->len >= DATA_CHUNK) {
            if (!connection_write(&session->connection, out->str, out->len, err))
                return false;
            g_string_truncate(out, 0);
        }
    }
    g_string_append(out, begins ? ".\r\n" : "\r\n.\r\n");
    return connection_write(&session->connection, out->str, out->len, err);
}

// LMTP answers for each recipient (RFC 2033 §4.2). What one has taken is not sent again for the
// sake of another.
static bool await_end(struct session *session, GError **err)
{
    guint answers = session->lmtp ? session->mail->to->len : 1, taken = 0;
    for (guint i = 0; i < answers; i++) {
        g_clear_error(err);
        if (expect(session, '2', "the end of the message", err))
            taken++;
    }
    if (taken > 0)
        g_clear_error(err);
    return taken > 0;
}

static bool converse(struct session *session, GError **err)
{
    g_autoptr(GString) data = g_string_new("DATA\r\n"), quit = g_string_new("QUIT\r\n");
    bool done = greet(session, err) && name_envelope(session, err) &&
                say(session, data, '3', "DATA", err) && send_text(session, err) &&
                await_end(session, err);
    // What QUIT says changes nothing: the mail is theirs by now, or it is not.
    session->connection.deadline = deadline_sooner(session->connection.deadline, deadline_in(1000));
    (void)say(session, quit, '2', "QUIT", NULL);
    return done;
}

bool submit_by_smtp(const struct submit_server *server, const struct submission *mail, GError **err)
{
    struct session session = {.mail = mail, .lmtp = server->lmtp};
    bool done = connection_open(&session.connection, server, err) && converse(&session, err);
    connection_close(&session.connection);
    return done;
}
