// SPDX-License-Identifier: MIT
// :regex and :quoteregex (draft-ietf-sieve-regex): POSIX extended regular expressions, see ere.c.
#include "sieve/lang/match-type.h"

static const struct sieve_tag tags[] = {
    {.name = "regex", .group = "MATCH-TYPE", .verbs = "@match @key", .id = MATCH_REGEX},
    {.name = "quoteregex", .group = "*", .verbs = "set", .id = 20},
    {.name = NULL},
};

const struct sieve_extension sieve_ext_regex = {.name = "regex", .tags = tags};
