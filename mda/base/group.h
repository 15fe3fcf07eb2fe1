// SPDX-License-Identifier: MIT
// Groups of the system by name.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// The group that NAME, a name or a number, stands for. False with *err: MDA_ERROR_CONFIG when there
// is none, MDA_ERROR_TEMP when it cannot be looked up now.
bool group_find(const char *name, gid_t *group_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
