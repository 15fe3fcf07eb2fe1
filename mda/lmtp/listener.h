// SPDX-License-Identifier: MIT
// Where clients come in: sockets of our own or inherited ones, and a process for each connection.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// The first inherited descriptor of the socket activation protocol (sd_listen_fds(3)).
#define LMTP_FIRST_INHERITED 3

struct lmtp_listener {
    GArray *sockets; // int: listening, non-blocking
    GPtrArray *made; // char *: socket files to remove at the end
    guint connections_max;
    // Serves the connection FD in a process of its own; STOP is readable when it is to end.
    void (*serve)(gpointer data, int fd, int stop);
    gpointer data;
};

void lmtp_listener_init(struct lmtp_listener *listener);

// Closes the sockets and removes the socket files that we made.
void lmtp_listener_clear(struct lmtp_listener *listener);

// Listens at ADDRESS: "unix:/path" (the file gets MODE; one that nobody listens at is replaced),
// "inet:port@host" or "inet6:port@host" (without a host: loopback). False with *err
// (MDA_ERROR_CONFIG, MDA_ERROR_TEMP).
bool lmtp_listener_add(struct lmtp_listener *listener, const char *address, mode_t mode,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// How many sockets systemd or the like passed to this process; takes the variables that say so out
// of the environment.
guint lmtp_inherited_sockets(void);

// Is FD a listening socket, and no connection?
bool lmtp_is_listening(int fd);

// Takes the listening socket FD over.
bool lmtp_listener_take(struct lmtp_listener *listener, int fd,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A descriptor that is readable when one of SIGTERM, SIGINT, SIGHUP came; these are blocked. -1
// with *err.
int lmtp_stop_signals(GError **err);

// Serves until such a signal comes; then waits for the connections, which are told to end. False
// with *err when it could not begin.
bool lmtp_listener_run(struct lmtp_listener *listener, GError **err) G_GNUC_WARN_UNUSED_RESULT;
