// SPDX-License-Identifier: MIT
// Looks a host's addresses up as the system does it (hosts file, DNS …). getaddrinfo(3) knows no
// time limit, and a name server that is away takes it half a minute; so a thread does it, which is
// left alone when its time is over.
#pragma once

#include "base/clock.h"

#include <netdb.h>

// The addresses of HOST, a name or an address, with PORT (a number) in them (freeaddrinfo). NULL
// with *err, which calls LIMIT by LIMIT_NAME, a setting.
struct addrinfo *lookup_host(const char *host, const char *port, struct deadline limit,
                             const char *limit_name, GError **err);
