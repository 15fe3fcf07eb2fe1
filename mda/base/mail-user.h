// SPDX-License-Identifier: MIT
// Whose mail it is, for all who need to know; delivery/user.h finds them.
#pragma once

#include <glib.h>
#include <sys/types.h>

struct mail_user {
    char *name;         // of the mail user, not of the account whose files his mail is
    char *account;      // whose supplementary groups are taken on; NULL: nobody's
    char *home;         // absolute; NULL only from users_find, when nothing says where
    char *shell;        // NULL: the system's user database was not asked
    GHashTable *fields; // char * to char *: what else his user database says ("mail"); or NULL
    uid_t uid;
    gid_t gid;
};
