// SPDX-License-Identifier: MIT
// What rc-sieve-condition.c, -header.c and -regex.c share: one expression on its way to a test.
#pragma once

#include "procmail/translate/rc-sieve.h"

struct rc_sieve_search {
    struct rc_sieve *sieve;
    enum { RC_SIEVE_IN_HEADER, RC_SIEVE_IN_BODY, RC_SIEVE_IN_VALUE } where;
    const char *variable; // RC_SIEVE_IN_VALUE
    bool distinguish;
    guint match; // the group that MATCH is
};

// PATTERN in the dialect of Sieve's regex, and search->match set when it has "\/"; NULL when it
// cannot be said. Owned by the caller.
char *rc_sieve_regex(struct rc_sieve_search *search, const char *pattern);

// TEST ("header % [\"subject\"]", '%' where the match type belongs) for REGEX, a result of
// rc_sieve_regex, in the plainest way to say it. Owned by the caller.
char *rc_sieve_comparison(struct rc_sieve_search *search, const char *test, const char *regex);

// The test that searching the header for PATTERN makes; NULL when it cannot be said. Owned by the
// caller.
char *rc_sieve_test_header(struct rc_sieve_search *search, const char *pattern);
