// SPDX-License-Identifier: MIT
// The files that backstop setup writes, and how it takes them back.
#pragma once

#include "conf/conf.h"

// One setting that is to differ from what is in force.
struct setup_line {
    enum setting setting;
    char *value;  // as it stands in the file; owned
    char *reason; // one line; owned
};

// What PATH would hold with LINES (struct setup_line) added, or NULL when nothing is to change:
// settings that are in force already, or that the file sets otherwise, are left alone. Owned by the
// caller.
char *setup_file_with(const struct conf *conf, const char *path, const GArray *lines);

// Replaces PATH by TEXT, keeps a copy of what was there, and notes it for setup_undo.
bool setup_write(const struct conf *conf, const char *path, const char *text,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Puts back what setup_write changed, unless it was changed since; each file is told on standard
// output. False with *err when one could not be put back, and when there is nothing to undo.
bool setup_undo(const struct conf *conf, GError **err) G_GNUC_WARN_UNUSED_RESULT;
