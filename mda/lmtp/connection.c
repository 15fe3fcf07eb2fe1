// SPDX-License-Identifier: MIT
#include "lmtp/connection.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

enum event { EVENT_READY, EVENT_SILENCE, EVENT_STOP, EVENT_TROUBLE };

// Waits until FD is ready for EVENTS, or, unless STOP is -1, until that is readable.
static enum event await(int fd, short events, int stop, gint64 milliseconds)
{
    struct deadline deadline = deadline_in(milliseconds);
    for (;;) {
        struct pollfd wait[] = {{.fd = fd, .events = events}, {.fd = stop, .events = POLLIN}};
        int ready = poll(wait, G_N_ELEMENTS(wait), deadline_left(&deadline));
        if (ready < 0 && errno != EINTR)
            return EVENT_TROUBLE;
        if (ready > 0 && wait[0].revents)
            return EVENT_READY;
        if (ready > 0)
            return EVENT_STOP;
        if (deadline_passed(&deadline))
            return EVENT_SILENCE;
    }
}

bool lmtp_connection_flush(struct lmtp_connection *connection)
{
    GString *output = lmtp_session_output(connection->session);
    while (output->len > 0 && !connection->broken) {
        ssize_t sent = write(connection->out, output->str, output->len);
        if (sent > 0)
            g_string_erase(output, 0, sent);
        else if (sent < 0 && errno == EAGAIN)
            connection->broken =
                await(connection->out, POLLOUT, -1, connection->idle_milliseconds) != EVENT_READY;
        else if (sent == 0 || errno != EINTR)
            connection->broken = true;
    }
    return !connection->broken;
}

// Reads once and lets the session work. False when the conversation is over.
static bool hear(struct lmtp_connection *connection, char *buffer)
{
    ssize_t got = read(connection->in, buffer, READ_BYTES);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got <= 0) {
        connection->broken = true;
        return false;
    }
    return lmtp_session_feed(connection->session, buffer, (gsize)got);
}

static bool make_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void lmtp_connection_serve(struct lmtp_connection *connection)
{
    g_autofree char *buffer = g_malloc(READ_BYTES);
    bool goes_on = make_non_blocking(connection->in) && make_non_blocking(connection->out);
    while (goes_on && lmtp_connection_flush(connection)) {
        switch (await(connection->in, POLLIN, connection->stop, connection->idle_milliseconds)) {
        case EVENT_READY:
            goes_on = hear(connection, buffer);
            break;
        case EVENT_SILENCE:
            lmtp_session_end(connection->session, "4.4.2", "you said nothing for too long");
            goes_on = false;
            break;
        case EVENT_STOP:
            lmtp_session_end(connection->session, "4.3.2", "this server is going down");
            goes_on = false;
            break;
        case EVENT_TROUBLE:
            goes_on = false;
            break;
        }
    }
    lmtp_connection_flush(connection);
}
