// SPDX-License-Identifier: MIT
// One connection to a Redis server, with TLS or without: bytes of commands out, replies in.
// Everything waits no longer than the LIMIT that it is given, the look-up of the host's name too.
#pragma once

#include "base/stream.h"
#include "ledger/redis-address.h"

#include <hiredis/hiredis.h>

// Whether and how TLS is spoken.
struct redis_io_tls {
    const struct tls_api *api; // NULL: it is not
    gpointer setup;
};

struct redis_io;

// Connects to HOST, and does the handshake where TLS says so. Owned by the caller; NULL with *err,
// which names the host.
struct redis_io *redis_io_open(const struct redis_host *host, const struct redis_io_tls *tls,
                               struct deadline limit, GError **err);
void redis_io_free(struct redis_io *io);

// Sends SIZE bytes of commands.
bool redis_io_send(struct redis_io *io, const char *text, gsize size, struct deadline limit,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The next reply (freeReplyObject), which may be one that says error; NULL with *err.
redisReply *redis_io_receive(struct redis_io *io, struct deadline limit, GError **err);

// Did anything fail? Then the connection is of no more use.
bool redis_io_is_broken(const struct redis_io *io);

// Whom it is connected to. Borrowed.
const struct redis_host *redis_io_host(const struct redis_io *io);
