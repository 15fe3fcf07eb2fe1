// SPDX-License-Identifier: MIT
// Looks a host's addresses up as the system does it (hosts file, DNS …). getaddrinfo(3) knows no
// time limit, and a name server that is away takes it half a minute; so a thread does it, which is
// left alone when its time is over.
#pragma once

#include "base/clock.h"
#include "ledger/redis-address.h"

#include <netdb.h>

// The addresses of HOST (freeaddrinfo), or NULL with *err.
struct addrinfo *redis_lookup(const struct redis_host *host, struct deadline limit, GError **err);
