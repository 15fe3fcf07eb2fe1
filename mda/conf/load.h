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
    char *dovecot;        // Dovecot's configuration file instead of [dovecot] config; or NULL
    bool dovecot_needed;  // that it is not there is an error
    char *beneath;        // settings in a file's form that come before all files, or NULL
    char *beneath_name;   // what they are called in messages
    char *looked_up;      // likewise, after the files and before --set: what is known of the user
};

struct conf_request *conf_request(void); // the one of this process

// Reads into CONF: system file, the file in HOME (NULL: the caller's own; "" none), --set; sets the
// log up. Call it once it is known for which user we work, as that user. False with *err when a
// file exists and cannot be read, or --set is wrong.
bool conf_load(struct conf *conf, const char *home, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same without any user's file, and without the variables that stand for a user: what the site
// says, read before it is known for whom we work.
bool conf_load_site(struct conf *conf, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Logs from now on where the settings of CONF say; conf_load does so too.
void conf_configure_log(const struct conf *conf);

// The path of the user's configuration file below HOME. Owned by the caller.
char *conf_user_file(const char *home);
