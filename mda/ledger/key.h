// SPDX-License-Identifier: MIT
// The secret under which the ledger hashes what it keeps.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define LEDGER_KEY_BYTES 32

// Reads the key file at PATH (never through a symbolic link). A missing one is made, mode 0600,
// when CREATE, and else is MDA_ERROR_GONE. When several processes make it at once, all get the
// same. *MADE_R (or NULL): it was not there before.
bool ledger_key_read(const char *path, bool create, GBytes **key_r, bool *made_r,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;

// LEDGER_KEY_BYTES fresh random bytes.
bool ledger_key_random(guint8 *bytes, GError **err) G_GNUC_WARN_UNUSED_RESULT;
