// SPDX-License-Identifier: MIT
#include "submit/connection.h"

#include "base/auto.h"
#include "base/error.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

// RFC 5321 §4.5.3.1.5 lets a reply line have 512 bytes; servers send more.
#define LINE_MAX_BYTES 2048

static bool wait_for(const struct connection *connection, int fd, short events, GError **err)
{
    struct pollfd poller = {.fd = fd, .events = events};
    int ready;
    do
        ready = poll(&poller, 1, deadline_left(&connection->deadline));
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return mda_fail_errno(err, errno, "wait for %s", connection->shown);
    return ready > 0 || mda_fail(err, MDA_ERROR_TEMP,
                                 "%s: no answer in the time that [sendmail] "
                                 "timeout allows",
                                 connection->shown);
}

static bool connect_to(struct connection *connection, const struct sockaddr *address,
                       socklen_t length, GError **err)
{
    mda_autofd fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return mda_fail_errno(err, errno, "socket for %s", connection->shown);
    if (connect(fd, address, length) != 0) {
        if (errno != EINPROGRESS && errno != EINTR)
            return mda_fail_errno(err, errno, "connect to %s", connection->shown);
        int code = 0;
        socklen_t size = sizeof(code);
        if (!wait_for(connection, fd, POLLOUT, err))
            return false;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
            code = errno;
        if (code)
            return mda_fail_errno(err, code, "connect to %s", connection->shown);
    }
    connection->fd = mda_steal_fd(&fd);
    return true;
}

static bool connect_to_socket(struct connection *connection, const char *path, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: the path of a socket is at most %zu bytes long",
                        connection->shown, sizeof(address.sun_path) - 1);
    return connect_to(connection, (const struct sockaddr *)&address, sizeof(address), err);
}

// The first of the host's addresses that takes us.
static bool connect_to_host(struct connection *connection, const struct submit_server *server,
                            GError **err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(server->host, server->port, &hints, &found);
    if (code != 0)
        return mda_fail(err, MDA_ERROR_TEMP, "%s: %s", server->shown, gai_strerror(code));
    bool connected = false;
    for (const struct addrinfo *at = found; at && !connected; at = at->ai_next) {
        g_clear_error(err);
        connected = connect_to(connection, at->ai_addr, at->ai_addrlen, err);
    }
    freeaddrinfo(found);
    return connected;
}

bool connection_open(struct connection *connection, const struct submit_server *server,
                     GError **err)
{
    *connection = (struct connection){
        .fd = -1, .deadline = server->deadline, .shown = server->shown, .in = g_string_new(NULL)};
    return *server->host ? connect_to_host(connection, server, err)
                         : connect_to_socket(connection, server->path, err);
}

bool connection_write(struct connection *connection, const char *data, gsize size, GError **err)
{
    while (size > 0) {
        ssize_t sent = send(connection->fd, data, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            size -= (gsize)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(connection, connection->fd, POLLOUT, err))
                return false;
        } else if (errno != EINTR) {
            return mda_fail_errno(err, errno, "write to %s", connection->shown);
        }
    }
    return true;
}

static bool read_more(struct connection *connection, GError **err)
{
    char buffer[LINE_MAX_BYTES];
    for (;;) {
        ssize_t got = recv(connection->fd, buffer, sizeof(buffer), 0);
        if (got > 0) {
            g_string_append_len(connection->in, buffer, got);
            return true;
        }
        if (got == 0)
            return mda_fail(err, MDA_ERROR_TEMP, "%s closed the connection", connection->shown);
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(connection, connection->fd, POLLIN, err))
                return false;
        } else if (errno != EINTR) {
            return mda_fail_errno(err, errno, "read from %s", connection->shown);
        }
    }
}

bool connection_line(struct connection *connection, char **line_r, GError **err)
{
    const char *end;
    while (!(end = memchr(connection->in->str, '\n', connection->in->len))) {
        if (connection->in->len >= LINE_MAX_BYTES)
            return mda_fail(err, MDA_ERROR_TEMP, "%s sent a line that does not end",
                            connection->shown);
        if (!read_more(connection, err))
            return false;
    }
    gsize length = (gsize)(end - connection->in->str);
    *line_r = g_strchomp(g_strndup(connection->in->str, length));
    g_string_erase(connection->in, 0, (gssize)length + 1);
    return true;
}

void connection_close(struct connection *connection)
{
    mda_close_fd(&connection->fd);
    if (connection->in)
        g_string_free(connection->in, TRUE);
    connection->in = NULL;
}
