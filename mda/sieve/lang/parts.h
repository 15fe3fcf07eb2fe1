// SPDX-License-Identifier: MIT
// The parts of an address that address and envelope tests compare (RFC 5228 §2.7.4, RFC 5233).
#pragma once

#include "sieve/lang/address-parts.h"
#include "sieve/lang/engine.h"

enum sieve_address_part {
    ADDRESS_ALL,
    ADDRESS_LOCALPART,
    ADDRESS_DOMAIN,
    ADDRESS_USER,
    ADDRESS_DETAIL
};

enum sieve_address_part sieve_address_part_of(const struct sieve_node *node);

// That part of ADDRESS, or NULL when it has none. Owned by the caller.
char *sieve_address_part(struct sieve_run *run, enum sieve_address_part part,
                         const struct sieve_address *address);
