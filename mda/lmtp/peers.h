// SPDX-License-Identifier: MIT
// Who may talk to the server: at a unix socket the user that the kernel says the client runs as, at
// an inet socket the network that it comes from.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct lmtp_peers {
    GArray *users;       // uid_t
    GPtrArray *networks; // char *: as address.h takes them
};

// Reads LIST: networks, and names or numbers of users. An empty list lets everybody in. False with
// *err: MDA_ERROR_CONFIG for a name that is no user's.
bool lmtp_peers_parse(const char *const *list, struct lmtp_peers *peers_r,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;
void lmtp_peers_clear(struct lmtp_peers *peers);

// May the client on the connection FD talk to us? *WHO_R, set when not, is for the log; owned by
// the caller.
bool lmtp_peers_allow(const struct lmtp_peers *peers, int fd, char **who_r);
