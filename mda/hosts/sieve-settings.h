// SPDX-License-Identifier: MIT
// The Sieve engine's settings out of the configuration: [sieve] settings and [sieve-settings].
#pragma once

#include "conf/conf.h"
#include "sieve/host.h"

// Puts them into TABLE (strings, owned by it). What the site says about who may use which extension
// its users' own file does not change; HOME (may be NULL) is where that is. Returns what is wrong,
// "file:line: why" (char *), owned by the caller: those settings do not count.
GPtrArray *sieve_settings_load(const struct conf *conf, const char *home, GHashTable *table);

// Whose script is the one at PATH: the site's when [sieve] before, after, default or global of
// the site's file name it or its directory, else the user's.
enum sieve_location sieve_script_owner(const struct conf *conf, const char *home, const char *path);
