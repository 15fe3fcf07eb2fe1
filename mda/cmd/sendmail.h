// SPDX-License-Identifier: MIT
// The sendmail command with a recorder in front of it.
#pragma once

#include "conf/conf.h"

// Runs PROGRAM with ARGUMENTS (NULL-terminated, without its name), records the message that it is
// given, and returns its exit status. What cannot be recorded is logged and stops nothing.
int sendmail_run(const struct conf *conf, const char *program, char **arguments);

// Records the message BYTES as sent FROM (or NULL) to RECIPIENTS (or NULL: as its header says),
// waiting at most so many MILLISECONDS for the ledger.
bool sent_record(const struct conf *conf, GBytes *bytes, const char *from,
                 const char *const *recipients, gint64 milliseconds,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
