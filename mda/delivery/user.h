// SPDX-License-Identifier: MIT
// For whom we deliver: the user of -d, or ourselves; and becoming that user before anything of
// theirs is read.
#pragma once

#include "base/mail-user.h"

#include <glib.h>
#include <stdbool.h>

enum user_result {
    USER_KNOWN,
    USER_UNKNOWN, // the user database says for sure that there is no such user
    USER_TROUBLE, // it could not be asked, does not keep such users (those with a domain), or the
                  // entry is of no use
};

// Finds NAME, or with NULL the caller: $HOME and $USER of an unprivileged caller count, the user
// database fills in what they do not say. Members of *USER_R are owned by the caller.
enum user_result user_find(const char *name, struct mail_user *user_r, GError **err);
void user_clear(struct mail_user *user);

// A copy of FROM; its members are owned by the caller.
void user_copy(const struct mail_user *from, struct mail_user *to_r);

// Root becomes USER for good: supplementary groups, group, user, each checked. Anybody else must be
// USER already; gained privileges (set-user-ID, set-group-ID) are dropped.
bool user_become(const struct mail_user *user, GError **err) G_GNUC_WARN_UNUSED_RESULT;
