// SPDX-License-Identifier: MIT
// What was done lately and is not to be done again: answers sent, messages redirected, duplicates
// seen. Keys are kept as hashes, so the file tells nobody's correspondents. Lives in the user's
// state file; losing it costs an answer too many.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// Is KEY kept in mind? False too when the state file cannot be asked; then *err says why.
bool memory_has(const struct conf *conf, const char *key, gint64 now, GError **err);

// Forgets KEY.
bool memory_forget(const struct conf *conf, const char *key,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Keeps KEY in mind for SECONDS from NOW (Unix time), and forgets what is over.
bool memory_keep(const struct conf *conf, const char *key, gint64 now, gint64 seconds,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
