// SPDX-License-Identifier: MIT
// backstop sent --import: folders of sent mail into the ledger.
#pragma once

#include "conf/conf.h"

// Records what is in the folders PATHS (NULL-terminated). A folder whose letters do not look like
// the user's own is not recorded unless FORCE, or whoever sits at the terminal says so. Returns the
// exit status.
int sent_import(const struct conf *conf, char **paths, bool force, bool quiet);
