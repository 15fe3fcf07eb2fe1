// SPDX-License-Identifier: MIT
// Folder names as stores write them.
#pragma once

#include <glib.h>

// The levels of NAME ("Lists/Work" or "Lists.Work"), each in modified UTF-7 (RFC 3501 §5.1.3), the
// leading INBOX dropped. An empty array is the inbox, as is an empty name. NULL with *err
// (MDA_ERROR_CONFIG) for a name that no store may have: empty or dotted levels, control characters,
// not UTF-8, too long. The array holds char * and is owned by the caller.
GPtrArray *folder_levels(const char *name, GError **err);

// Where a store at PATH has the folder of these levels. Owned by the caller.
typedef char *folder_place(const char *path, const GPtrArray *levels);

// The place of NAME (NULL: the inbox) in the store at PATH. "INBOX/Lists" is the folder Lists below
// the inbox where there is one, as with Dovecot's namespace without a prefix, and else the folder
// Lists. NULL with *err as above. Owned by the caller.
char *folder_find(const char *path, const char *name, folder_place *place, GError **err);

// The same where folders are directories in directories: "/" alone separates levels, and none may
// begin with a dot or be called as a maildir's own directories are.
char *folder_find_by_slash(const char *path, const char *name, folder_place *place, GError **err);

// The name of a Maildir++ folder (".Lists.Work" without its first dot), which is in modified UTF-7
// or UTF-8; levels have dots between. NULL when it is neither. Owned by the caller.
char *folder_decode(const char *name);

// TEXT (UTF-8) in modified UTF-7. Owned by the caller.
char *folder_encode(const char *text);
