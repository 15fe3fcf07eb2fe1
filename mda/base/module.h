// SPDX-License-Identifier: MIT
// Heavy libraries are loaded when they are first needed. A process starts for every message, and
// loading GMime alone costs more than a whole plain delivery; so each such library sits in a module
// of its own, a shared object that exports one table of functions.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Every module's table begins with this, so that a file of another version is refused.
struct module_head {
    const char *version; // PACKAGE_VERSION
};

// The symbol that a module exports.
#define MODULE_SYMBOL backstop_module

// Returns the table of module NAME ("mime": the file backstop-mime.so), loading it the first time;
// NULL with *err (MDA_ERROR_TEMP) when it cannot be had. It is looked for in the directory given at
// configure time; by a program of the build tree first in $BACKSTOP_MODULE_DIR (not when the
// process has gained privileges) and beside itself. The table lives as long as the process.
const struct module_head *module_load(const char *name, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Says that this program is an installed one.
void module_from_installed(void);
