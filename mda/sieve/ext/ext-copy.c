// SPDX-License-Identifier: MIT
// :copy (RFC 3894): fileinto, redirect and pipe that leave the implicit keep in force.
#include "sieve/lang/engine.h"

static const struct sieve_tag tags[] = {{.name = "copy", .verbs = "fileinto redirect pipe"},
                                        {.name = NULL}};

const struct sieve_extension sieve_ext_copy = {.name = "copy", .tags = tags};
