// SPDX-License-Identifier: MIT
// A fence around a process that reads hostile input: Landlock, where the kernel has it.
#pragma once

#include <stdbool.h>

// From here on this process and its children may write, make and remove files only below DIRECTORIES
// (NULL-terminated; one that is not there is left out) and start no program. Reading is not touched.
// False when the kernel cannot do that; nothing has changed then. Cannot be undone.
bool fence_writes(const char *const *directories);
