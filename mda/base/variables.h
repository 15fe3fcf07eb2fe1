// SPDX-License-Identifier: MIT
// Variables in paths that belong to a user, as Dovecot's configuration has them: %u the user, %n
// the part before its @, %d the part behind it, %h the home, %% a percent sign; with L or U for
// lower or upper case and a width between (%Ld, %2n, %1.2n); and the long names %{user},
// %{username}, %{domain}, %{home}, each with filters (%{user|username|lower}).
#pragma once

#include <glib.h>
#include <stdbool.h>

struct variables {
    const char *user; // "ann@example.org"
    const char *home; // NULL: not known
};

// TEXT with its variables replaced, owned by the caller. NULL with *err: MDA_ERROR_CONFIG when TEXT
// names one that there is not, or the home that is not known; MDA_ERROR_SYNTAX when a user's name
// is no safe part of a path (it leads elsewhere, or hides).
char *variables_expand(const char *text, const struct variables *values, GError **err);

// May TEXT be a part of a path?
bool variables_is_safe_part(const char *text);
