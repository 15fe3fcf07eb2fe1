// SPDX-License-Identifier: MIT
// The log: syslog, standard error or a file. Every line passes through text_printable, so nothing
// that a message contains can forge a line or a terminal sequence.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// Where to and how much. DESTINATION: "syslog", "stderr", "none", or the path of a file (appended
// to, made with mode 0600, never through a symbolic link; when it cannot be opened, syslog serves
// instead). FACILITY: "mail", "local0" … PROGRAM: the name in the log. All are copied. Before
// the first call everything goes to standard error.
void log_configure(const char *destination, const char *facility, const char *level,
                   const char *program);

// "stderr" is from now on a copy of what standard error is now, which no program that we start
// gets, whatever descriptor 2 becomes. False with errno set.
bool log_keep_stderr(void) G_GNUC_WARN_UNUSED_RESULT;

// Opens the log anew at the next line, in a process that has closed its descriptors.
void log_reopen(void);

// Writes one line. A log that cannot be written is no reason to fail.
void log_line(enum log_level level, const char *format, ...) G_GNUC_PRINTF(2, 3);
