// SPDX-License-Identifier: MIT
// The log: syslog, standard error or a file. Every line passes through text_printable, so nothing
// that a message contains can forge a line or a terminal sequence.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// The name of every line of ours in a log that others write to as well, whatever we were called by.
#define LOG_PROGRAM "backstop"

// Where to and how much. DESTINATION: "syslog", "journal" (systemd's, with its fields), "stderr",
// "none", or the path of a file (opened for each line, so that it may be renamed at any time; made
// with mode 0600, never through a symbolic link). What cannot take a line is stood in for: a
// journal or a file by syslog, syslog by standard error. FACILITY: "mail", "local0" … FORMAT:
// "logfmt" or "json", in which every line is an object. All are copied. Before the first call
// everything goes to standard error.
void log_configure(const char *destination, const char *facility, const char *level,
                   const char *format);

// "stderr" is from now on a copy of what standard error is now, which no program that we start
// gets, whatever descriptor 2 becomes. False with errno set.
bool log_keep_stderr(void) G_GNUC_WARN_UNUSED_RESULT;

// Opens the log anew at the next line, in a process that has closed its descriptors.
void log_reopen(void);

// Writes one line. A log that cannot be written is no reason to fail.
void log_line(enum log_level level, const char *format, ...) G_GNUC_PRINTF(2, 3);

// A line of fields, in their order.
struct log_fields;
struct log_fields *log_fields_new(void);
// Nothing is added when VALUE is NULL or empty. KEY is static.
void log_fields_add(struct log_fields *fields, const char *key, const char *value);
// Writes the line, key=value with quotes where they are needed, or as the format says; frees
// FIELDS.
void log_fields_write(enum log_level level, struct log_fields *fields);

// Says on standard error, which an MTA shows in its own log and to its admin, why a message waits
// or is refused; nothing when the log goes there anyway. No text of a message's belongs here.
void log_tell_caller(const char *format, ...) G_GNUC_PRINTF(1, 2);
