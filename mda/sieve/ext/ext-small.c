// SPDX-License-Identifier: MIT
// Extensions that only switch something on: encoded-character (text.c), the comparators
// (comparator.c), relational (match.c), subaddress (tst-address.c).
#include "sieve/lang/match-type.h"
#include "sieve/lang/parts.h"

const struct sieve_extension sieve_ext_encoded_character = {.name = "encoded-character"};
const struct sieve_extension sieve_ext_ascii_numeric = {.name = "comparator-i;ascii-numeric"};
const struct sieve_extension sieve_ext_unicode_casemap = {.name = "comparator-i;unicode-casemap"};

// RFC 5231.
static const struct sieve_tag relational_tags[] = {
    {.name = "value",
     .group = "MATCH-TYPE",
     .value = 'r',
     .verbs = "@match @key",
     .id = MATCH_VALUE},
    {.name = "count",
     .group = "MATCH-TYPE",
     .value = 'r',
     .verbs = "@match @key",
     .id = MATCH_COUNT},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_relational = {.name = "relational", .tags = relational_tags};

// RFC 5233.
static const struct sieve_tag subaddress_tags[] = {
    {.name = "user", .group = "ADDRESS-PART", .verbs = "@address", .id = ADDRESS_USER},
    {.name = "detail", .group = "ADDRESS-PART", .verbs = "@address", .id = ADDRESS_DETAIL},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_subaddress = {.name = "subaddress", .tags = subaddress_tags};
