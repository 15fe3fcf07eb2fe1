// SPDX-License-Identifier: MIT
// Text to tree: the generic grammar alone, without any knowledge of commands (RFC 5228 §8.2).
#pragma once

#include "sieve/lang/ast.h"

// The commands of TEXT (struct sieve_node *), owned by the caller, or NULL when it does not follow
// the grammar; what is wrong is in DIAGNOSTICS, as far as the parser could go on.
GPtrArray *sieve_parse(const char *file, const char *text, gsize size,
                       struct sieve_diagnostics *diagnostics);
