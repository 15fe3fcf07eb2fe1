// SPDX-License-Identifier: MIT
// One connection: carries bytes between a client and a session, with a limit on silence.
#pragma once

#include "lmtp/session.h"

struct lmtp_connection {
    int in, out; // both become non-blocking
    int signals; // see lmtp_signals; -1: none
    gint64 idle_milliseconds;
    // Called between transactions, when SIGHUP came; may change the limits here.
    void (*reload)(gpointer data);
    gpointer data;
    struct lmtp_session *session; // borrowed
    bool broken;                  // the client is gone, or does not listen
    bool reload_asked;            // and not done yet
};

// From one message to the next a client may take so many times idle_milliseconds.
#define LMTP_IDLE_TIMES 6

// Converses until the client leaves, is silent or sends no message for too long, or the server is
// to end. A transaction that is being delivered is finished first.
void lmtp_connection_serve(struct lmtp_connection *connection);

// Sends what the session has to say. False when the client cannot be reached any more.
bool lmtp_connection_flush(struct lmtp_connection *connection);
