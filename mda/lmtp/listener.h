// SPDX-License-Identifier: MIT
// Where clients come in: sockets of our own or inherited ones, and a process for each connection.
#pragma once

#include "lmtp/peers.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// The first inherited descriptor of the socket activation protocol (sd_listen_fds(3)).
#define LMTP_FIRST_INHERITED 3

// What a socket file gets.
struct lmtp_socket_rights {
    mode_t mode;
    bool has_group;
    gid_t group;
};

struct lmtp_listener {
    GPtrArray *sockets; // struct lmtp_socket *
    guint connections_max;
    struct lmtp_peers peers; // who may connect
    // Serves the connection FD in a process of its own. SIGNALS is readable when a signal came, see
    // lmtp_signals.
    void (*serve)(gpointer data, int fd, int signals);
    // SIGHUP came.
    void (*reload)(gpointer data);
    gpointer data;
};

void lmtp_listener_init(struct lmtp_listener *listener);

// Closes the sockets and removes the socket files that we made.
void lmtp_listener_clear(struct lmtp_listener *listener);

// Listens at ADDRESS, unless it does: "unix:/path" (the file gets RIGHTS; one that nobody listens
// at is replaced), "inet:port@host" or "inet6:port@host" (without a host: loopback). False with
// *err (MDA_ERROR_CONFIG, MDA_ERROR_TEMP).
bool lmtp_listener_add(struct lmtp_listener *listener, const char *address,
                       const struct lmtp_socket_rights *rights,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Listens no more at what lmtp_listener_add was given and is not in ADDRESSES.
void lmtp_listener_keep(struct lmtp_listener *listener, const char *const *addresses);

// How many sockets systemd or the like passed to this process; takes the variables that say so out
// of the environment.
guint lmtp_inherited_sockets(void);

// Is FD a listening socket, and no connection?
bool lmtp_is_listening(int fd);

// Takes the listening socket FD over.
bool lmtp_listener_take(struct lmtp_listener *listener, int fd,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

// A descriptor that is readable when one of SIGTERM, SIGINT, SIGHUP came; these are blocked, and
// SIGCHLD. -1 with *err.
int lmtp_signals(GError **err);

// What the signals that came at such a descriptor ask for: to end, or to read the settings again.
enum lmtp_asked { LMTP_ASKED_NOTHING, LMTP_ASKED_RELOAD, LMTP_ASKED_END };
enum lmtp_asked lmtp_asked(int signals);

// Serves until SIGTERM or SIGINT comes; then waits for the connections, which are told to end.
// SIGHUP is passed on to them. False with *err when it could not begin.
bool lmtp_listener_run(struct lmtp_listener *listener, GError **err) G_GNUC_WARN_UNUSED_RESULT;
