// SPDX-License-Identifier: MIT
#include "base/stream.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/lookup.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

struct stream {
    int fd;
    const char *limit_name;
    const struct tls_api *tls; // NULL: it is not spoken
    gpointer session;          // of TLS
};

static bool wait_for(const struct stream *stream, short events, struct deadline limit, GError **err)
{
    struct pollfd ready = {.fd = stream->fd, .events = events};
    int count = 0;
    while (!deadline_passed(&limit) && (count = poll(&ready, 1, deadline_left(&limit))) < 0 &&
           errno == EINTR)
        ;
    if (count > 0)
        return true;
    if (count < 0)
        return mda_fail_errno(err, errno, "poll");
    return mda_fail(err, MDA_ERROR_TEMP, "no answer within %s", stream->limit_name);
}

static bool connect_to(struct stream *stream, const struct sockaddr *address, socklen_t size,
                       struct deadline limit, GError **err)
{
    int code = 0;
    socklen_t code_size = sizeof code;
    mda_close_fd(&stream->fd);
    stream->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (stream->fd < 0)
        return mda_fail_errno(err, errno, "socket");
    if (connect(stream->fd, address, size) != 0) {
        if (errno != EINPROGRESS && errno != EINTR)
            return mda_fail_errno(err, errno, "connect");
        if (!wait_for(stream, POLLOUT, limit, err))
            return false;
        if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &code, &code_size) != 0)
            code = errno;
    }
    return code == 0 || mda_fail_errno(err, code, "connect");
}

static bool connect_socket(struct stream *stream, const char *path, struct deadline limit,
                           GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        return mda_fail(err, MDA_ERROR_CONFIG, "the path of a socket may not be longer than %zu",
                        sizeof address.sun_path - 1);
    return connect_to(stream, (struct sockaddr *)&address, sizeof address, limit, err);
}

// Tries the host's addresses in turn; each gets its share of the time.
static bool connect_host(struct stream *stream, const struct stream_place *place,
                         struct deadline limit, GError **err)
{
    const int on = 1;
    int count = 0;
    bool connected = false;
    struct addrinfo *found = lookup_host(place->host, place->port, limit, stream->limit_name, err);
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        count++;
    for (const struct addrinfo *each = found; each && !connected; each = each->ai_next, count--) {
        g_clear_error(err);
        connected = connect_to(stream, each->ai_addr, each->ai_addrlen,
                               deadline_in(deadline_left(&limit) / count), err);
    }
    if (found)
        freeaddrinfo(found);
    // What is written is written as a whole: there is nothing to wait for.
    return connected && (setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 ||
                         mda_fail_errno(err, errno, "TCP_NODELAY"));
}

struct stream *stream_open(const struct stream_place *place, const char *limit_name,
                           struct deadline limit, GError **err)
{
    struct stream *stream = g_new0(struct stream, 1);
    stream->fd = -1;
    stream->limit_name = limit_name;
    if (place->host ? connect_host(stream, place, limit, err)
                    : connect_socket(stream, place->path, limit, err))
        return stream;
    stream_close(stream, false);
    return NULL;
}

bool stream_start_tls(struct stream *stream, const struct tls_api *api, gpointer setup,
                      const char *host, struct deadline limit, GError **err)
{
    if (!api->start(setup, stream->fd, host, &stream->session, err))
        return false;
    stream->tls = api;
    for (;;) {
        short events = 0;
        const int done = api->handshake(stream->session, &events, err);
        if (done != 0)
            return done > 0;
        if (!wait_for(stream, events, limit, err)) {
            g_prefix_error(err, "TLS handshake: ");
            return false;
        }
    }
}

bool stream_has_tls(const struct stream *stream)
{
    return stream->tls;
}

// What recv(2) and send(2) returned, as struct tls_api says it.
static int judge(gssize result, short events, short *events_r, GError **err)
{
    if (result > 0)
        return (int)result;
    if (result == 0) {
        mda_fail(err, MDA_ERROR_TEMP, "the server closed the connection");
        return -1;
    }
    *events_r = events;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    mda_fail_errno(err, errno, events == POLLIN ? "recv" : "send");
    return -1;
}

static int write_some(struct stream *stream, const char *data, int size, short *events_r,
                      GError **err)
{
    return stream->tls
               ? stream->tls->write(stream->session, data, size, events_r, err)
               : judge(send(stream->fd, data, (gsize)size, MSG_NOSIGNAL), POLLOUT, events_r, err);
}

static int read_some(struct stream *stream, char *buffer, int size, short *events_r, GError **err)
{
    return stream->tls ? stream->tls->read(stream->session, buffer, size, events_r, err)
                       : judge(recv(stream->fd, buffer, (gsize)size, 0), POLLIN, events_r, err);
}

bool stream_write(struct stream *stream, const char *data, gsize size, struct deadline limit,
                  GError **err)
{
    while (size > 0) {
        short events = 0;
        const int sent = write_some(stream, data, (int)MIN(size, G_MAXINT), &events, err);
        if (sent < 0 || (sent == 0 && !wait_for(stream, events, limit, err)))
            return false;
        data += sent;
        size -= (gsize)sent;
    }
    return true;
}

gsize stream_read(struct stream *stream, char *buffer, gsize size, struct deadline limit,
                  GError **err)
{
    for (;;) {
        short events = 0;
        const int got = read_some(stream, buffer, (int)MIN(size, G_MAXINT), &events, err);
        if (got > 0)
            return (gsize)got;
        if (got < 0 || !wait_for(stream, events, limit, err))
            return 0;
    }
}

void stream_close(struct stream *stream, bool sound)
{
    if (!stream)
        return;
    if (stream->tls)
        stream->tls->end(stream->session, sound);
    mda_close_fd(&stream->fd);
    g_free(stream);
}
