// SPDX-License-Identifier: MIT
// An rc file as a Sieve script (RFC 5228 with the extensions that it needs), as far as that can be
// said in Sieve. What cannot is named, with its line; nothing is left out in silence.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum rc_remark_kind {
    RC_LOST,    // it is not in the script
    RC_DIFFERS, // it is, but does not mean quite the same
};

struct rc_remark {
    guint line;
    enum rc_remark_kind kind;
    char *text;
};

struct rc_translation {
    char *script;       // a whole Sieve script
    GPtrArray *remarks; // struct rc_remark *, in the order of lines
};

// Translates TEXT, the rc file called NAME.
void rc_translate(const char *name, const char *text, gsize length,
                  struct rc_translation *translation_r);
void rc_translation_clear(struct rc_translation *translation);
