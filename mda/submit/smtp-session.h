// SPDX-License-Identifier: MIT
// Inside the room: a conversation with an SMTP or LMTP server, by lines and replies (RFC 5321
// §4.2).
#pragma once

#include "base/stream.h"
#include "submit/submit-way.h"

// What the server offers in its answer to EHLO.
enum smtp_offer {
    OFFER_8BITMIME = 1 << 0,
    OFFER_SMTPUTF8 = 1 << 1,
    OFFER_DSN = 1 << 2,
    OFFER_SIZE = 1 << 3,
    OFFER_DELIVERBY = 1 << 4,
    OFFER_STARTTLS = 1 << 5,
    OFFER_AUTH_PLAIN = 1 << 6,
};

struct smtp_session {
    const struct submit_server *server;
    struct stream *stream; // NULL: not connected
    GString *in;           // read and not yet taken
    struct deadline deadline;
    unsigned offered; // bits of enum smtp_offer
};

// Connects. False with *err, as all functions here.
bool smtp_open(struct smtp_session *session, const struct submit_server *server,
               GError **err) G_GNUC_WARN_UNUSED_RESULT;
void smtp_close(struct smtp_session *session, bool sound);

bool smtp_write(struct smtp_session *session, const char *data, gsize size,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads a reply that must begin with the digit WANTED; WHAT was said is for the message. *ERR is
// MDA_ERROR_CONFIG when the server refuses for good (5xx), else MDA_ERROR_TEMP.
bool smtp_expect(struct smtp_session *session, char wanted, const char *what, GError **err);

// Writes LINE, which ends in CR LF, and expects.
bool smtp_say(struct smtp_session *session, const char *line, char wanted, const char *what,
              GError **err);

// Says EHLO or LHLO and notes what is offered.
bool smtp_hello(struct smtp_session *session, GError **err);

// Greeting, TLS and login, as the server's settings want them.
bool smtp_enter(struct smtp_session *session, GError **err) G_GNUC_WARN_UNUSED_RESULT;
