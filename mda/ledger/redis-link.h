// SPDX-License-Identifier: MIT
// A connection to Redis or Valkey, or to a cluster of them: commands one by one or many at once,
// redirections followed, everything within a time limit.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>

struct redis_link;

// Connects to URL: "redis://[user[:password]@]host[:port][/db]", "rediss://…" with TLS (which is
// MDA_ERROR_CONFIG in a build that has none), "redis+unix:///path". No answer may take longer than
// TIMEOUT_MS milliseconds, nothing goes on behind DEADLINE.
bool redis_link_open(const char *url, gint64 timeout_ms, struct deadline deadline,
                     struct redis_link **link_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
void redis_link_free(struct redis_link *link);

// One command with its answer (freeReplyObject), formatted as hiredis does it. In a cluster all its
// keys must lie in one slot. NULL with *err when it failed, also by an error reply.
redisReply *redis_link_query(struct redis_link *link, GError **err, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

// Puts a command whose answer does not matter into the queue, which is sent when it is full.
bool redis_link_put(struct redis_link *link, GError **err, const char *format, ...)
    G_GNUC_PRINTF(3, 4) G_GNUC_WARN_UNUSED_RESULT;

// Sends what waits, and reads all answers. False with *err, the first one, when one is an error.
bool redis_link_flush(struct redis_link *link, GError **err) G_GNUC_WARN_UNUSED_RESULT;
