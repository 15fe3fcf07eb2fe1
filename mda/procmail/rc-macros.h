// SPDX-License-Identifier: MIT
// ^TO_ and its kin.
#pragma once

#include <stdbool.h>

// PATTERN with the macros put for what they stand for. QUOTED: a backslash stood in front of it.
// *any_case_r is set when one of them never distinguishes case. Owned by the caller.
char *rc_macros_expand(const char *pattern, bool quoted, bool *any_case_r);
