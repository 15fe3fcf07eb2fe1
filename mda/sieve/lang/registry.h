// SPDX-License-Identifier: MIT
// Looks up what a script names.
#pragma once

#include "sieve/lang/engine.h"

// The command or test NAME; when there is none of the wanted sort, one of the other. NULL when the
// script cannot use it. Static.
const struct sieve_verb *sieve_verb_find(const struct sieve_script *script, const char *name,
                                         bool as_test);
// NAME is in lower case.
const struct sieve_tag *sieve_tag_find(const struct sieve_script *script,
                                       const struct sieve_verb *verb, const char *name);

// Says of NAME, which is not known, that it is another server's own word, if it is one, and what to
// write instead.
void sieve_check_foreign(struct sieve_checker *checker, struct sieve_position at, const char *name);

// The tags of the base language for matching and for parts of addresses; end with a NULL name.
extern const struct sieve_tag sieve_match_tags[];
extern const struct sieve_tag sieve_address_tags[];
