// SPDX-License-Identifier: MIT
// The values that header, address, exists and date tests look at: fields of the message's header,
// or with :mime of MIME parts (RFC 5703), one of them with :index (RFC 5260).
#pragma once

#include "sieve/lang/engine.h"

struct sieve_value {
    char *raw;        // unfolded, as it was sent
    char *text;       // decoded
    const char *name; // the field's, borrowed from NAMES
};

// Those of the fields NAMES (char *), in the order of the names, for NODE's tags.
// struct sieve_value *, owned by the caller.
GPtrArray *sieve_values(struct sieve_run *run, const struct sieve_node *node,
                        const GPtrArray *names);

// Is there a field NAME where NODE looks?
bool sieve_value_exists(struct sieve_run *run, const struct sieve_node *node, const char *name);

// Is PART HTML, of which the words alone are text?
bool sieve_part_is_html(const struct sieve_mime_part *part);
