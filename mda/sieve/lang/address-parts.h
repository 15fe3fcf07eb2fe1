// SPDX-License-Identifier: MIT
// Mail addresses (RFC 5322 §3.4), in headers that anybody may have written and in scripts.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct sieve_address {
    char *local;  // unquoted, without comments; NULL when the text is no address
    char *domain; // NULL when the text is no address
    char *text;   // local@domain, or what stood there
};

// The addresses in the header value VALUE; groups are flattened. What is no address is an entry
// without local and domain. struct sieve_address *, owned by the caller.
GPtrArray *sieve_addresses_parse(const char *value);

// TEXT as a path of the envelope, without <>: its source route is dropped, and one without a domain
// is allowed. NULL when it is none. Freed with sieve_address_free.
struct sieve_address *sieve_path_parse(const char *text);
void sieve_address_free(struct sieve_address *address); // NULL is allowed

// TEXT as one address, with or without a display name: local@domain, owned by the caller. NULL:
// *why_r (owned by the caller) says why it is none.
char *sieve_address_parse_one(const char *text, char **why_r);

// Are A and B the same mailbox? The domain's case does not matter.
bool sieve_address_same(const char *a, const char *b);
