// SPDX-License-Identifier: MIT
// A server for clients of ours: it says what the fuzzer gives, in pieces whose length the first
// byte gives, and then is silent. What it is told is only looked at.
#pragma once

#include "base/error.h"
#include "base/stream.h"

#include <stdint.h>
#include <string.h>

static struct {
    const uint8_t *data;
    size_t size, at, step;
    void (*told)(const char *data, gsize size); // or NULL
} fake_server;

static inline void fake_server_set(const uint8_t *data, size_t size)
{
    fake_server.data = data;
    fake_server.size = size;
    fake_server.at = size > 0 ? 1 : 0;
    fake_server.step = size > 0 ? (size_t)data[0] + 1 : 1;
}

struct stream *stream_open(const struct stream_place *place, const char *limit_name,
                           struct deadline limit, GError **err)
{
    static int one;
    (void)place, (void)limit_name, (void)limit, (void)err;
    return (struct stream *)(gpointer)&one;
}

bool stream_start_tls(struct stream *stream, const struct tls_api *api, gpointer setup,
                      const char *host, struct deadline limit, GError **err)
{
    (void)stream, (void)api, (void)setup, (void)host, (void)limit;
    return mda_fail(err, MDA_ERROR_TEMP, "no TLS here");
}

bool stream_write(struct stream *stream, const char *data, gsize size, struct deadline limit,
                  GError **err)
{
    (void)stream, (void)limit, (void)err;
    if (fake_server.told)
        fake_server.told(data, size);
    return true;
}

gsize stream_read(struct stream *stream, char *buffer, gsize size, struct deadline limit,
                  GError **err)
{
    (void)stream, (void)limit;
    const gsize left = fake_server.size - fake_server.at;
    const gsize got = MIN(MIN(left, size), fake_server.step);
    if (got == 0) {
        mda_fail(err, MDA_ERROR_TEMP, "no answer in time");
        return 0;
    }
    memcpy(buffer, fake_server.data + fake_server.at, got);
    fake_server.at += got;
    return got;
}

bool stream_has_tls(const struct stream *stream)
{
    (void)stream;
    return false;
}

void stream_close(struct stream *stream, bool sound)
{
    (void)stream, (void)sound;
}
