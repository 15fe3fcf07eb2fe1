// SPDX-License-Identifier: MIT
// Tells the service manager how a server is doing, as sd_notify(3) describes the protocol: a datagram
// of "NAME=value" lines to the socket in $NOTIFY_SOCKET. Without that variable, or when it cannot be
// told, nothing happens: a server serves all the same.
#pragma once

enum notify_state {
    NOTIFY_READY,     // serving, with the settings that it has now
    NOTIFY_RELOADING, // reading the settings again: NOTIFY_READY follows, whatever they are
    NOTIFY_STOPPING,
};

void notify_manager(enum notify_state state);
