// SPDX-License-Identifier: MIT
// Inside the room: the ways for mail to leave. A new one is a function, and a row in submit.c.
#pragma once

#include "base/clock.h"
#include "submit/submit.h"

struct submit_server {
    const char *host;  // name or address; "": a socket at path
    const char *path;  // of a Unix socket
    const char *port;  // number or service name
    bool lmtp;         // LMTP (RFC 2033), not SMTP
    const char *shown; // the setting, for messages
    struct deadline deadline;
};

bool submit_by_command(const struct conf *conf, const struct submission *mail, GError **err);
bool submit_by_smtp(const struct submit_server *server, const struct submission *mail,
                    GError **err);
