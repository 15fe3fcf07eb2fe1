// SPDX-License-Identifier: MIT
// mailto URIs (RFC 6068) as notification methods (RFC 5436).
#pragma once

#include <glib.h>
#include <stdbool.h>

struct mailto {
    GPtrArray *recipients; // char *: the addresses of To and Cc, each once
    GPtrArray *to, *cc;    // char *: as they are to be shown
    char *subject, *body;  // or NULL
    GPtrArray *fields;     // char *, name and value by turns: further header fields
};

// Reads URI ("mailto:…"). CHECK says what is wrong with an address (owned by the caller), or NULL.
// False: *why_r (owned by the caller) says what is wrong.
bool mailto_parse(const char *uri, char *(*check)(const char *address), struct mailto *mailto_r,
                  char **why_r);
void mailto_clear(struct mailto *mailto);
