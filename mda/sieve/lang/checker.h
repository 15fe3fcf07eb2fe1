// SPDX-License-Identifier: MIT
#pragma once

#include "sieve/lang/engine.h"

// Sorts the arguments of NODE, whose verb is known, into its tags and positional ones. False after
// reporting what is wrong with them.
bool sieve_check_arguments(struct sieve_checker *checker, struct sieve_node *node);
