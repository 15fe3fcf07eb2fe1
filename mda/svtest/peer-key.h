// SPDX-License-Identifier: MIT
#pragma once

#include "sieve/lang/diag.h"

// Does KEY, which a suite of another engine gives to test_error, ask for an error like ERROR? So it
// is when half of its words at least are in our text or among those of peer-words.h for its code.
bool peer_key_asks_for(const char *key, const struct sieve_diagnostic *error);
