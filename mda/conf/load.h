// SPDX-License-Identifier: MIT
// Brings the configuration of this run into force: the system's file, the user's, --set. What the
// command line asks for is collected once for the process; whoever becomes a user loads afterwards.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// What the command line says.
struct conf_request {
    char *file;           // --config: read this one and no other; NULL: the usual ones
    GPtrArray *overrides; // char *: --set
    const char *program;  // the name that log lines bear; static
};

struct conf_request *conf_request(void); // the one of this process

// Reads into CONF: system file, the file in HOME (NULL: the caller's own; "" none), --set; sets the
// log up. Call it once it is known for which user we work, as that user. False with *err when a
// file exists and cannot be read, or --set is wrong.
bool conf_load(struct conf *conf, const char *home, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Logs from now on where the settings of CONF say; conf_load does so too.
void conf_configure_log(const struct conf *conf);

// The path of the user's configuration file below HOME. Owned by the caller.
char *conf_user_file(const char *home);
