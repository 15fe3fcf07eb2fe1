// SPDX-License-Identifier: MIT
// Where the users of a site are kept: [users] source names the places, which are asked in order. A
// place that knows the user ends the search, one that cannot be asked ends it too; only when every
// one of them says no there is no such user.
#pragma once

#include "conf/conf.h"
#include "delivery/user.h"

// Whom we look for.
struct user_query {
    const struct conf *conf; // the site's settings, none of a user's
    const char *name;        // "ann@example.org", or a name without a domain
    const char *local;       // what the system's own user database is asked for; NULL: name
    const char *service;     // "lda" or "lmtp": what Dovecot is told who asks
};

struct user_source {
    const char *name;
    // Looks QUERY up at ARGUMENT, what stands behind "NAME:" in the setting. On USER_KNOWN all that
    // is known is in *USER_R, uid and gid -1 where nothing is. *USER_R is released by the caller.
    enum user_result (*find)(const char *argument, const struct user_query *query,
                             struct mail_user *user_r, GError **err);
};

// Finds QUERY's user, with what [users] home, uid and gid say where the source says nothing.
// Members of *USER_R are owned by the caller (user_clear); *err says why unless USER_KNOWN.
enum user_result users_find(const struct user_query *query, struct mail_user *user_r, GError **err);

// Is there any other source than the system's user database?
bool users_are_kept_elsewhere(const struct conf *conf);

// Takes one field of a user ("uid", "gid", "home", or any other) as Dovecot's user databases name
// them. False with *err when its value makes no sense.
bool users_take_field(struct mail_user *user, const char *key, const char *value, GError **err);
