// SPDX-License-Identifier: MIT
// Whose account a message is for: the site's settings say where users are kept, the look-up says
// who and where he is, and what it says of his mail counts among his settings.
#pragma once

#include "conf/conf.h"
#include "delivery/users.h"

// NULL: not given.
struct account_request {
    const char *user;              // deliver for this user; NULL: ourselves
    const char *local;             // as in struct user_query
    const struct mail_user *found; // who has been looked up already
    const char *home;              // the home of whom nothing else says one
    const char *service;           // as in struct user_query
};

// Reads what the site says and finds the user. Members of *USER_R are owned by the caller.
enum user_result account_find(const struct account_request *request, struct mail_user *user_r,
                              GError **err);

// Reads into CONF the settings that are in force for USER, whom we have become. Where nothing says
// what his home is, it is where his mail lies: USER->home is set then.
bool account_settings(struct mail_user *user, struct conf *conf,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;
