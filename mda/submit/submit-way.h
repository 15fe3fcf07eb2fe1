// SPDX-License-Identifier: MIT
// Inside the room: the ways for mail to leave. A new one is a function, and a row in submit.c.
#pragma once

#include "base/clock.h"
#include "base/tls.h"
#include "submit/submit.h"

struct submit_server {
    const char *shown; // the setting, for messages
    const char *host;  // name or address; "": a socket at path
    const char *path;  // of a Unix socket
    const char *port;  // a number
    bool lmtp;         // LMTP (RFC 2033), not SMTP

    const struct tls_api *tls; // NULL: without
    gpointer tls_setup;
    bool starttls; // TLS begins after EHLO, else at once

    const char *user;          // "": no login
    const char *password_file; // whose content is the password
    struct deadline deadline;
};

bool submit_by_command(const struct conf *conf, const struct submission *mail, GError **err);
bool submit_by_smtp(const struct submit_server *server, const struct submission *mail,
                    GError **err);
