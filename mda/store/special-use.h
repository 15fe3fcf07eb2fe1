// SPDX-License-Identifier: MIT
// What folders are for (RFC 6154), by the names that mail programs and servers give them.
#pragma once

#include <glib.h>

enum special_use { USE_NONE, USE_SENT, USE_ARCHIVE, USE_JUNK, USE_TRASH, USE_DRAFTS };

// What a folder called NAME (UTF-8, levels divided by "/" or ".") is for, going by its last level.
// The names are those of common mail programs in their languages; ASCII and other letters in any
// case.
enum special_use special_use_of_name(const char *name);

// What the attribute "\\Sent" or "Sent" stands for.
enum special_use special_use_of_attribute(const char *attribute);
