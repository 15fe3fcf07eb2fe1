// SPDX-License-Identifier: MIT
// One connection: carries bytes between a client and a session, with a limit on silence.
#pragma once

#include "lmtp/session.h"

struct lmtp_connection {
    int in, out; // both become non-blocking
    int stop;    // readable when the server is to end; -1: never
    gint64 idle_milliseconds;
    struct lmtp_session *session; // borrowed
    bool broken;                  // the client is gone, or does not listen
};

// Converses until the client leaves, is silent for too long, or the server is to end. A transaction
// that is being delivered is finished first.
void lmtp_connection_serve(struct lmtp_connection *connection);

// Sends what the session has to say. False when the client cannot be reached any more.
bool lmtp_connection_flush(struct lmtp_connection *connection);
