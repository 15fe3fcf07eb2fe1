// SPDX-License-Identifier: MIT
// Where a user's mail is, by what lies in his home and what other programs were told.
#pragma once

#include "conf/conf.h"

struct places {
    char *location; // for [store] location: "maildir:~/Maildir", ~ for HOME; NULL: none was found
    const char *reason; // "~/.mh_profile says so"; static
    GPtrArray *stores;  // char *: further stores of his (other accounts), absolute
    GPtrArray *sent;    // char *: folders of sent mail outside of LOCATION, absolute
};

// Looks below HOME and where the system keeps USER's mail. Reads files of other programs, and
// writes nothing.
void places_find(const char *home, const char *user, struct places *places_r);
void places_clear(struct places *places);
