// SPDX-License-Identifier: MIT
// The way to Redis or Valkey, or to a cluster of them: commands one by one or many at once,
// redirections followed, everything within a time limit.
#pragma once

#include "base/clock.h"
#include "conf/conf.h"

#include <glib.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>

struct redis_link;

// Connects to URL (ledger/redis-address.h) and logs in. Of several hosts it is the first that
// answers; one that only follows another (a replica) is taken when there is no better. None of
// this, nor any answer later, takes longer than [ledger] timeout of CONF; nothing goes on behind
// DEADLINE. What is wrong with a setting is MDA_ERROR_CONFIG.
bool redis_link_open(const char *url, const struct conf *conf, struct deadline deadline,
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
