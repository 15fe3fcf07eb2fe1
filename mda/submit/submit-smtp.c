// SPDX-License-Identifier: MIT
// A client of SMTP (RFC 5321) and LMTP (RFC 2033). One mail a connection; every recipient is taken,
// or nothing is sent.
#include "base/error.h"
#include "submit/smtp-session.h"
#include "submit/smtp-text.h"

#include <string.h>

#define DATA_CHUNK (64 * 1024)

static bool has_8bit(const char *data, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        if ((guchar)data[i] >= 0x80)
            return true;
    }
    return false;
}

// RFC 1870 §5: as it goes over the wire, dots not doubled.
static guint64 wire_size(const char *data, gsize size)
{
    struct smtp_text text = {0};
    g_autoptr(GString) out = g_string_sized_new(DATA_CHUNK);
    guint64 total = 0;
    for (gsize at = 0; at < size; at += DATA_CHUNK) {
        g_string_truncate(out, 0);
        smtp_text_encode(&text, data + at, MIN(DATA_CHUNK, size - at), false, out);
        total += out->len;
    }
    g_string_truncate(out, 0);
    smtp_text_end(&text, out);
    return total + out->len;
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
static bool add_mail_parameters(const struct smtp_session *session, const struct submission *mail,
                                GString *line, GError **err)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(mail->text, &size);
    if (session->offered & OFFER_SIZE)
        g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, wire_size(data, size));
    if (session->offered & OFFER_8BITMIME && has_8bit(data, size))
        g_string_append(line, " BODY=8BITMIME");
    if (needs_utf8(mail)) {
        if (!(session->offered & OFFER_SMTPUTF8))
            return mda_fail(err, MDA_ERROR_CONFIG, "%s takes no addresses in UTF-8 (RFC 6531)",
                            session->server->shown);
        g_string_append(line, " SMTPUTF8");
    }
    if (session->offered & OFFER_DSN && mail->ret)
        g_string_append_printf(line, " RET=%s", mail->ret);
    if (session->offered & OFFER_DELIVERBY && mail->by_mode)
        g_string_append_printf(line, " BY=%" G_GINT64_FORMAT ";%c%s", mail->by_seconds,
                               mail->by_mode, mail->by_trace ? "T" : "");
    else if (mail->by_mode == 'R')
        return mda_fail(err, MDA_ERROR_CONFIG, "%s takes no deliver-by time (RFC 2852)",
                        session->server->shown);
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

static bool name_envelope(struct smtp_session *session, const struct submission *mail, GError **err)
{
    if (!is_plain_address(mail->sender))
        return mda_fail(err, MDA_ERROR_CONFIG, "that envelope sender is no address");
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", mail->sender);
    if (!add_mail_parameters(session, mail, line, err))
        return false;
    g_string_append(line, "\r\n");
    if (!smtp_say(session, line->str, '2', "MAIL", err))
        return false;
    for (guint i = 0; i < mail->to->len; i++) {
        const char *to = g_ptr_array_index(mail->to, i);
        if (!is_plain_address(to))
            return mda_fail(err, MDA_ERROR_CONFIG, "that recipient is no address");
        g_string_printf(line, "RCPT TO:<%s>", to);
        if (session->offered & OFFER_DSN && mail->notify)
            g_string_append_printf(line, " NOTIFY=%s", mail->notify);
        g_string_append(line, "\r\n");
        if (!smtp_say(session, line->str, '2', "RCPT", err))
            return false;
    }
    return true;
}

static bool send_text(struct smtp_session *session, GBytes *text, GError **err)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(text, &size);
    struct smtp_text encoding = {0};
    g_autoptr(GString) out = g_string_sized_new(DATA_CHUNK);
    for (gsize at = 0; at < size; at += DATA_CHUNK) {
        g_string_truncate(out, 0);
        smtp_text_encode(&encoding, data + at, MIN(DATA_CHUNK, size - at), true, out);
        if (out->len > 0 && !smtp_write(session, out->str, out->len, err))
            return false;
    }
    g_string_truncate(out, 0);
    smtp_text_end(&encoding, out);
    g_string_append(out, ".\r\n");
    return smtp_write(session, out->str, out->len, err);
}

// LMTP answers for each recipient (RFC 2033 §4.2). What one has taken is not sent again for the
// sake of another.
static bool await_end(struct smtp_session *session, guint recipients, GError **err)
{
    guint answers = session->server->lmtp ? recipients : 1, taken = 0;
    for (guint i = 0; i < answers; i++) {
        g_clear_error(err);
        if (smtp_expect(session, '2', "the end of the message", err))
            taken++;
    }
    if (taken > 0)
        g_clear_error(err);
    return taken > 0;
}

bool submit_by_smtp(const struct submit_server *server, const struct submission *mail, GError **err)
{
    struct smtp_session session;
    bool done = smtp_open(&session, server, err) && smtp_enter(&session, err) &&
                name_envelope(&session, mail, err) &&
                smtp_say(&session, "DATA\r\n", '3', "DATA", err) &&
                send_text(&session, mail->text, err) && await_end(&session, mail->to->len, err);
    // What QUIT says changes nothing: the mail is theirs by now, or it is not.
    session.deadline = deadline_sooner(session.deadline, deadline_in(1000));
    bool sound = session.stream && smtp_say(&session, "QUIT\r\n", '2', "QUIT", NULL);
    smtp_close(&session, sound);
    return done;
}
