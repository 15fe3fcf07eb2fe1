// SPDX-License-Identifier: MIT
// Lines of logs: of files that are named, of the journal, or of wherever our own log goes.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// Called for each line, with the time of now.
typedef void (*log_source_function)(const char *line, gint64 now, gpointer data);

// Every line of the log at PATH, "-" being standard input.
bool log_source_file(const char *path, log_source_function function, gpointer data,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Every line of ours in the journal of the last DAYS days.
bool log_source_journal(int days, log_source_function function, gpointer data,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Every line of the logs at PATHS (NULL: none are named, then of where [log] destination goes to).
bool log_source_each(const struct conf *conf, const char *const *paths,
                     log_source_function function, gpointer data,
                     GError **err) G_GNUC_WARN_UNUSED_RESULT;
