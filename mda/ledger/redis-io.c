// SPDX-License-Identifier: MIT
#include "ledger/redis-io.h"

#include "base/auto.h"
#include "base/error.h"
#include "ledger/redis-lookup.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define READ_BYTES 16384

struct redis_io {
    int fd;
    struct redis_host host;
    struct redis_io_tls tls;
    gpointer session; // of TLS
    redisReader *reader;
    bool heard; // it answered once
    bool broken;
};

void redis_io_free(struct redis_io *io)
{
    if (!io)
        return;
    if (io->session)
        io->tls.api->end(io->session, !io->broken);
    mda_close_fd(&io->fd);
    redisReaderFree(io->reader);
    g_free(io->host.name);
    g_free(io);
}

bool redis_io_is_broken(const struct redis_io *io)
{
    return io->broken;
}

const struct redis_host *redis_io_host(const struct redis_io *io)
{
    return &io->host;
}

// Waits until the socket is ready for EVENTS.
static bool wait_for(const struct redis_io *io, short events, struct deadline limit, GError **err)
{
    struct pollfd ready = {.fd = io->fd, .events = events};
    int count = 0;
    while (!deadline_passed(&limit) && (count = poll(&ready, 1, deadline_left(&limit))) < 0 &&
           errno == EINTR)
        ;
    if (count > 0)
        return true;
    if (count < 0)
        return mda_fail_errno(err, errno, "poll");
    return mda_fail(err, MDA_ERROR_TEMP, "no answer within ledger.timeout");
}

static bool connect_to(struct redis_io *io, const struct sockaddr *address, socklen_t size,
                       struct deadline limit, GError **err)
{
    int code = 0;
    socklen_t code_size = sizeof code;
    mda_close_fd(&io->fd);
    io->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (io->fd < 0)
        return mda_fail_errno(err, errno, "socket");
    if (connect(io->fd, address, size) != 0) {
        if (errno != EINPROGRESS)
            return mda_fail_errno(err, errno, "connect");
        if (!wait_for(io, POLLOUT, limit, err))
            return false;
        if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &code, &code_size) != 0)
            code = errno;
    }
    return code == 0 || mda_fail_errno(err, code, "connect");
}

static bool connect_socket(struct redis_io *io, struct deadline limit, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, io->host.name, sizeof address.sun_path) >=
        sizeof address.sun_path)
        return mda_fail(err, MDA_ERROR_CONFIG, "the path of a socket may not be longer than %zu",
                        sizeof address.sun_path - 1);
    return connect_to(io, (struct sockaddr *)&address, sizeof address, limit, err);
}

// Tries the host's addresses in turn; each gets its share of the time.
static bool connect_host(struct redis_io *io, struct deadline limit, GError **err)
{
    const int on = 1;
    int count = 0;
    bool connected = false;
    struct addrinfo *found = redis_lookup(&io->host, limit, err);
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        count++;
    for (const struct addrinfo *each = found; each && !connected; each = each->ai_next, count--) {
        g_clear_error(err);
        connected = connect_to(io, each->ai_addr, each->ai_addrlen,
                               deadline_in(deadline_left(&limit) / count), err);
    }
    if (found)
        freeaddrinfo(found);
    // A command is written as a whole: there is nothing to wait for.
    return connected && (setsockopt(io->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 ||
                         mda_fail_errno(err, errno, "TCP_NODELAY"));
}

static bool do_handshake(struct redis_io *io, struct deadline limit, GError **err)
{
    if (!io->tls.api)
        return true;
    if (!io->tls.api->start(io->tls.setup, io->fd, io->host.name, &io->session, err))
        return false;
    for (;;) {
        short events = 0;
        const int done = io->tls.api->handshake(io->session, &events, err);
        if (done != 0)
            return done > 0;
        if (!wait_for(io, events, limit, err)) {
            g_prefix_error(err, "TLS handshake: ");
            return false;
        }
    }
}

static void name_host(const struct redis_io *io, GError **err)
{
    if (io->host.port > 0)
        g_prefix_error(err, "redis: %s:%d: ", io->host.name, io->host.port);
    else
        g_prefix_error(err, "redis: %s: ", io->host.name);
}

struct redis_io *redis_io_open(const struct redis_host *host, const struct redis_io_tls *tls,
                               struct deadline limit, GError **err)
{
    struct redis_io *io = g_new0(struct redis_io, 1);
    g_autoptr(GError) why = NULL;
    io->fd = -1;
    io->host = (struct redis_host){.name = g_strdup(host->name), .port = host->port};
    io->tls = *tls;
    io->reader = redisReaderCreate();
    if ((host->port > 0 ? connect_host(io, limit, &why) : connect_socket(io, limit, &why)) &&
        do_handshake(io, limit, &why))
        return io;
    name_host(io, &why);
    g_propagate_error(err, g_steal_pointer(&why));
    io->broken = true;
    redis_io_free(io);
    return NULL;
}

// The connection is of no more use.
static bool fail(struct redis_io *io, GError **err)
{
    io->broken = true;
    name_host(io, err);
    return false;
}

// What recv(2) and send(2) returned, as struct redis_tls_api says it.
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

static int write_some(struct redis_io *io, const char *text, int size, short *events_r,
                      GError **err)
{
    return io->session
               ? io->tls.api->write(io->session, text, size, events_r, err)
               : judge(send(io->fd, text, (gsize)size, MSG_NOSIGNAL), POLLOUT, events_r, err);
}

static int read_some(struct redis_io *io, char *buffer, int size, short *events_r, GError **err)
{
    return io->session ? io->tls.api->read(io->session, buffer, size, events_r, err)
                       : judge(recv(io->fd, buffer, (gsize)size, 0), POLLIN, events_r, err);
}

bool redis_io_send(struct redis_io *io, const char *text, gsize size, struct deadline limit,
                   GError **err)
{
    while (size > 0) {
        short events = 0;
        const int sent = write_some(io, text, (int)MIN(size, G_MAXINT), &events, err);
        if (sent < 0 || (sent == 0 && !wait_for(io, events, limit, err)))
            return fail(io, err);
        text += sent;
        size -= (gsize)sent;
    }
    return true;
}

// Feeds the reader with what comes next.
static bool feed(struct redis_io *io, struct deadline limit, GError **err)
{
    char buffer[READ_BYTES];
    short events = 0;
    const int got = read_some(io, buffer, sizeof buffer, &events, err);
    if (got == 0)
        return wait_for(io, events, limit, err);
    return got > 0 && (redisReaderFeed(io->reader, buffer, (gsize)got) == REDIS_OK ||
                       mda_fail(err, MDA_ERROR_TEMP, "%s", io->reader->errstr));
}

redisReply *redis_io_receive(struct redis_io *io, struct deadline limit, GError **err)
{
    g_autoptr(GError) why = NULL;
    void *reply = NULL;
    do {
        if (redisReaderGetReply(io->reader, &reply) != REDIS_OK)
            mda_fail(&why, MDA_ERROR_TEMP, "%s", io->reader->errstr);
    } while (!why && !reply && feed(io, limit, &why));
    if (reply) {
        io->heard = true;
        return reply;
    }
    const bool stranger = !io->heard && !io->session && !deadline_passed(&limit);
    mda_fail(err, MDA_ERROR_TEMP, "%s%s", why->message,
             stranger ? "; if it speaks TLS there, write rediss:// in ledger.url" : "");
    fail(io, err);
    return NULL;
}
