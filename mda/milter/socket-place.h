// SPDX-License-Identifier: MIT
// Where backstop milter listens, and who can reach it: whoever can gets stamps, signed envelope
// senders and rows in the ledger for what he says, so that is the MTA alone.
#pragma once

#include "conf/conf.h"

#include <stdbool.h>
#include <sys/types.h>

struct milter_place {
    char *socket; // as libmilter takes it, "unix:/path"; owned
    mode_t mode;  // of a socket file
    bool has_group;
    gid_t group; // its group
};

// What Postfix takes relative paths from, and where its chroot is.
#define MILTER_QUEUE "/var/spool/postfix"

// One in Postfix's queue directory where there is one, else below /run. Static.
const char *milter_default_socket(void);

// The socket: GIVEN, else [milter] socket, else the default. Owned by the caller.
char *milter_socket(const struct conf *conf, const char *given);

// The path of the socket file in SOCKET, borrowed from it, or NULL.
const char *milter_socket_file(const char *socket);

// Can any process of this host, or of others, reach SOCKET?
bool milter_is_open(const char *socket);

// Works out where to listen, and as root makes the directory of a socket file, for the MTA's group
// and OWNER (-1: us). False with *err (MDA_ERROR_CONFIG, MDA_ERROR_TEMP).
bool milter_prepare(const struct conf *conf, const char *given, uid_t owner,
                    struct milter_place *place_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
void milter_place_clear(struct milter_place *place);
