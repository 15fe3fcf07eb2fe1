// SPDX-License-Identifier: MIT
// Inside the room: a byte stream to a server, read by lines, with one deadline for all of it.
#pragma once

#include "submit/submit-way.h"

struct connection {
    int fd; // -1: not open
    struct deadline deadline;
    const char *shown; // for messages, borrowed
    GString *in;       // read and not yet taken
};

// Each returns false with *err (MDA_ERROR_TEMP); connection_close undoes an open that failed, too.
bool connection_open(struct connection *connection, const struct submit_server *server,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;
bool connection_write(struct connection *connection, const char *data, gsize size,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;
// The next line without its end, at most 2048 bytes. Owned by the caller.
bool connection_line(struct connection *connection, char **line_r,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;
void connection_close(struct connection *connection);
