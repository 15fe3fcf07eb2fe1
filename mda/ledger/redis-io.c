// SPDX-License-Identifier: MIT
#include "ledger/redis-io.h"

#include "base/error.h"

#define READ_BYTES 16384

struct redis_io {
    struct stream *stream; // NULL: not connected
    struct redis_host host;
    redisReader *reader;
    bool heard; // it answered once
    bool broken;
};

void redis_io_free(struct redis_io *io)
{
    if (!io)
        return;
    stream_close(io->stream, !io->broken);
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

static void name_host(const struct redis_io *io, GError **err)
{
    if (io->host.port > 0)
        g_prefix_error(err, "redis: %s:%d: ", io->host.name, io->host.port);
    else
        g_prefix_error(err, "redis: %s: ", io->host.name);
}

static bool connect_io(struct redis_io *io, const struct redis_io_tls *tls, struct deadline limit,
                       GError **err)
{
    g_autofree char *port = g_strdup_printf("%d", io->host.port);
    const bool network = io->host.port > 0;
    const struct stream_place place = {
        .host = network ? io->host.name : NULL, .port = port, .path = io->host.name};
    io->stream = stream_open(&place, "ledger.timeout", limit, err);
    return io->stream && (!tls->api || stream_start_tls(io->stream, tls->api, tls->setup,
                                                        io->host.name, limit, err));
}

struct redis_io *redis_io_open(const struct redis_host *host, const struct redis_io_tls *tls,
                               struct deadline limit, GError **err)
{
    struct redis_io *io = g_new0(struct redis_io, 1);
    g_autoptr(GError) why = NULL;
    io->host = (struct redis_host){.name = g_strdup(host->name), .port = host->port};
    io->reader = redisReaderCreate();
    if (connect_io(io, tls, limit, &why))
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

bool redis_io_send(struct redis_io *io, const char *text, gsize size, struct deadline limit,
                   GError **err)
{
    return stream_write(io->stream, text, size, limit, err) || fail(io, err);
}

// Feeds the reader with what comes next.
static bool feed(struct redis_io *io, struct deadline limit, GError **err)
{
    char buffer[READ_BYTES];
    const gsize got = stream_read(io->stream, buffer, sizeof buffer, limit, err);
    return got > 0 && (redisReaderFeed(io->reader, buffer, got) == REDIS_OK ||
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
    const bool stranger = !io->heard && !stream_has_tls(io->stream) && !deadline_passed(&limit);
    mda_fail(err, MDA_ERROR_TEMP, "%s%s", why->message,
             stranger ? "; if it speaks TLS there, write rediss:// in ledger.url" : "");
    fail(io, err);
    return NULL;
}
