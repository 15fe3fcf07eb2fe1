// SPDX-License-Identifier: MIT
// Where a user's mail lies, as [store] location and Dovecot's mail_location say it:
// DRIVER:ROOT[:KEY=VALUE…], or a bare path.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct location {
    char *driver; // NULL: a bare path
    char *root;
    char *inbox;     // INBOX=, or NULL: the root's own
    bool by_folders; // LAYOUT=fs: folders are directories in directories
};

// Takes TEXT apart. Keys that say where an index or the like lies (INDEX, CONTROL, ALT,
// VOLATILEDIR, LISTINDEX, SUBSCRIPTIONS …) do not change where mail goes and are passed over; one
// that would (DIRNAME, MAILBOXDIR, an unknown one) is an error, as is a path that is not absolute:
// false with *err. Members are owned by the caller.
bool location_parse(const char *text, struct location *location_r, GError **err);
void location_clear(struct location *location);

// A root and an inbox that lies elsewhere, in one word, which the stores take for a path; and apart
// again. *INBOX_R is NULL when there is no other. Owned by the caller.
char *location_join(const char *root, const char *inbox);
void location_split(const char *path, char **root_r, char **inbox_r);
