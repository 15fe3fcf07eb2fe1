// SPDX-License-Identifier: MIT
// One connection to a server, with TLS or without: bytes out, bytes in. Nothing waits longer than
// the LIMIT that it is given, the look-up of the host's name included.
#pragma once

#include "base/clock.h"
#include "base/tls.h"

// Where the server is.
struct stream_place {
    const char *host; // name or address; NULL: a socket at path
    const char *port; // a number
    const char *path;
};

struct stream;

// Connects to PLACE. LIMIT_NAME (static) is what messages call the time limit: a setting. Owned by
// the caller; NULL with *err.
struct stream *stream_open(const struct stream_place *place, const char *limit_name,
                           struct deadline limit, GError **err);

// From now on TLS is spoken. API and SETUP must outlive the stream; HOST is who has to be there.
bool stream_start_tls(struct stream *stream, const struct tls_api *api, gpointer setup,
                      const char *host, struct deadline limit,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Writes all SIZE bytes.
bool stream_write(struct stream *stream, const char *data, gsize size, struct deadline limit,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads what comes next, at least one byte and at most SIZE: their number, or 0 with *err, also
// when the server has closed the connection.
gsize stream_read(struct stream *stream, char *buffer, gsize size, struct deadline limit,
                  GError **err);

bool stream_has_tls(const struct stream *stream);

// Closes it; the server is told when the conversation was SOUND. NULL is allowed.
void stream_close(struct stream *stream, bool sound);
