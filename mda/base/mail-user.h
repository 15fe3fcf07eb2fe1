// SPDX-License-Identifier: MIT
// Whose mail it is, for all who need to know; delivery/user.h finds them.
#pragma once

#include <sys/types.h>

struct mail_user {
    char *name;
    char *home;  // absolute
    char *shell; // NULL: the user database was not asked
    uid_t uid;
    gid_t gid;
};
