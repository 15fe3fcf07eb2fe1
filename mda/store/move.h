// SPDX-License-Identifier: MIT
// Moving a message within maildirs, as mail programs do.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Renames the file FROM to TO, where nothing may be: a message is never overwritten.
bool move_message_file(const char *from, const char *to, GError **err) G_GNUC_WARN_UNUSED_RESULT;
