// SPDX-License-Identifier: MIT
// The URL of a ledger in Redis or Valkey, taken apart.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

struct redis_host {
    char *name; // also an IP address; the path of a socket when PORT is 0
    int port;
};

struct redis_address {
    GPtrArray *hosts; // struct redis_host, at least one
    bool tls;
    char *user, *password; // or NULL
    int db;
};

// Reads URL: "redis://[user[:password]@]host[:port][,host[:port]…][/db]", "rediss://…" with TLS,
// "redis+unix:///path", and the same with "valkey". MDA_ERROR_CONFIG when it cannot be understood;
// the text names where CONF has it from, and shows no password.
bool redis_address_parse(const char *url, const struct conf *conf, struct redis_address *address_r,
                         GError **err) G_GNUC_WARN_UNUSED_RESULT;
void redis_address_clear(struct redis_address *address);
