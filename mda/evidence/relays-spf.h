// SPDX-License-Identifier: MIT
// Our relays' networks, learnt from the SPF record of our domain.
#pragma once

#include "base/clock.h"

#include <glib.h>

// Adds the networks (char *, CIDR) that the record of DOMAIN lets pass to NETWORKS; what DNS does
// not answer in time is left out.
void relays_from_spf(const char *domain, const char *server, struct deadline deadline,
                     GPtrArray *networks);
