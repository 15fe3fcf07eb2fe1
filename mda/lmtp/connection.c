// SPDX-License-Identifier: MIT
#include "lmtp/connection.h"

#include "base/clock.h"
#include "lmtp/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

enum event { EVENT_READY, EVENT_SILENCE, EVENT_SIGNAL, EVENT_TROUBLE };

// Waits until FD is ready for EVENTS, or, unless SIGNALS is -1, until that is readable.
static enum event await(int fd, short events, int signals, struct deadline deadline)
{
    for (;;) {
        struct pollfd wait[] = {{.fd = fd, .events = events}, {.fd = signals, .events = POLLIN}};
        int ready = poll(wait, G_N_ELEMENTS(wait), deadline_left(&deadline));
        if (ready < 0 && errno != EINTR)
            return EVENT_TROUBLE;
        if (ready > 0 && wait[0].revents)
            return EVENT_READY;
        if (ready > 0)
            return EVENT_SIGNAL;
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
            connection->broken = await(connection->out, POLLOUT, -1,
                                       deadline_in(connection->idle_milliseconds)) != EVENT_READY;
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

// Waits for the next thing to happen and deals with it. False when the conversation is over.
static bool take_event(struct lmtp_connection *connection, struct deadline patience, char *buffer)
{
    struct deadline silence = deadline_in(connection->idle_milliseconds);
    switch (
        await(connection->in, POLLIN, connection->signals, deadline_sooner(silence, patience))) {
    case EVENT_READY:
        return hear(connection, buffer);
    case EVENT_SILENCE:
        lmtp_session_end(connection->session, "4.4.2",
                         deadline_passed(&silence) ? "you said nothing for too long"
                                                   : "you sent no message for too long");
        return false;
    case EVENT_SIGNAL:
        switch (lmtp_asked(connection->signals)) {
        case LMTP_ASKED_END:
            lmtp_session_end(connection->session, "4.3.2", "this server is going down");
            return false;
        case LMTP_ASKED_RELOAD:
            connection->reload_asked = true;
            break;
        case LMTP_ASKED_NOTHING:
            break;
        }
        return true;
    case EVENT_TROUBLE:
    default:
        return false;
    }
}

// What is under way goes on as it began.
static void reload_when_idle(struct lmtp_connection *connection)
{
    if (!connection->reload_asked || !lmtp_session_is_idle(connection->session))
        return;
    connection->reload_asked = false;
    connection->reload(connection->data);
}

void lmtp_connection_serve(struct lmtp_connection *connection)
{
    g_autofree char *buffer = g_malloc(READ_BYTES);
    bool goes_on = make_non_blocking(connection->in) && make_non_blocking(connection->out);
    guint messages = 0;
    struct deadline patience = deadline_in(LMTP_IDLE_TIMES * connection->idle_milliseconds);
    while (goes_on && lmtp_connection_flush(connection)) {
        goes_on = take_event(connection, patience, buffer);
        if (messages != lmtp_session_messages(connection->session)) {
            messages = lmtp_session_messages(connection->session);
            patience = deadline_in(LMTP_IDLE_TIMES * connection->idle_milliseconds);
        }
        reload_when_idle(connection);
    }
    lmtp_connection_flush(connection);
}
