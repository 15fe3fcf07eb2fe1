// SPDX-License-Identifier: MIT
// Stored messages, one after the other: a file, a maildir, an MH folder or another directory (not
// its subdirectories), an mbox, standard input. For commands that look at mail that was delivered.
#pragma once

#include "message/envelope.h"
#include "message/intake.h"
#include "message/message.h"

#include <glib.h>
#include <stdbool.h>

// Called for each message; NAME is its path, for the Nth (from 1) of an mbox "path:N". Returns
// false to stop.
typedef bool (*mail_source_function)(const char *name, GBytes *bytes, void *data);

// Calls FUNCTION for every message at PATH ("-": standard input, one message). False with *err when
// something could not be read; the other messages were seen all the same.
bool mail_source_each(const char *path, mail_source_function function, void *data,
                      GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads the file at PATH, whatever is in it, as one message. Owned by the caller.
bool mail_source_read(const char *path, GBytes **bytes_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// When MESSAGE, which is called NAME (mail_source_function), arrived: by its name in a maildir,
// else its topmost Received field, else the time of the file. Unix seconds; 0: not known, so just
// now.
gint64 mail_source_arrived(const char *name, const struct message *message);

// The envelope as the delivery of the stored MESSAGE left it; what is GIVEN goes before it. Free
// with envelope_clear.
void mail_source_envelope(const struct message *message, const struct intake_options *given,
                          struct envelope *envelope_r);
