// SPDX-License-Identifier: MIT
// :mime options of the header test (RFC 5703 §4): which piece of a structured field is compared.
#pragma once

#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"

// Are the tags :mime, :anychild, :type … used together as they may? False after reporting.
bool sieve_mime_check(struct sieve_checker *checker, struct sieve_node *node);

// Gives MATCHING the piece of VALUE that NODE asks for, or all of it. True when it is satisfied.
bool sieve_mime_value(struct sieve_run *run, const struct sieve_node *node,
                      const struct sieve_value *value, struct sieve_matching *matching);
