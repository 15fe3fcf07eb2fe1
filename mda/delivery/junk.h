// SPDX-License-Identifier: MIT
// The Junk folder as it is configured: where it is, and what leaves it when.
#pragma once

#include "conf/conf.h"
#include "store/expire.h"

// The policy of [junk]. False with *err (MDA_ERROR_CONFIG) when a line of that section is wrong:
// what its author wanted to keep must not go by a default.
bool junk_policy(const struct conf *conf, struct expire_policy *policy_r,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The path of FOLDER (NULL: [junk] folder) in [store] location. Owned by the caller; NULL with *err
// when the store is no maildir or the name is not possible.
char *junk_path(const struct conf *conf, const char *folder, GError **err);

// The slice of expiry that a delivery does when its own outcome is settled. Trouble is logged.
void junk_tidy(const struct conf *conf);
