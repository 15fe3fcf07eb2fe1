// SPDX-License-Identifier: MIT
// The Junk folder as it is configured: where it is, and what leaves it when.
#pragma once

#include "conf/conf.h"
#include "store/expire.h"

// The policy of [junk].
struct expire_policy junk_policy(const struct conf *conf);

// The path of FOLDER (NULL: [junk] folder) in [store] location. Owned by the caller; NULL with *err
// when the store is no maildir or the name is not possible.
char *junk_path(const struct conf *conf, const char *folder, GError **err);

// The slice of expiry that a delivery does when its own outcome is settled. Trouble is logged.
void junk_tidy(const struct conf *conf);
