// SPDX-License-Identifier: MIT
// What a program that somebody names finds when it starts: which variables of ours it gets, and
// that it holds no descriptor but 0, 1 and 2. A server that root starts has secrets in both: a
// password, CREDENTIALS_DIRECTORY, the socket of a client. The one list of what passes stands here.
#pragma once

#include <glib.h>
#include <stdbool.h>

// The variables of ours that pass: where things are (PATH, HOME, SHELL, TMPDIR), who it is (USER,
// LOGNAME), language and time zone; with MESSAGE also what MTAs say of the message. Owned by the
// caller.
char **surroundings_environment(bool message);

// Takes every variable out of our own environment that does not pass, what MTAs say of a message
// too; those that begin with "BACKSTOP_" stay, which are for us alone.
void surroundings_forget(void);

// Marks all descriptors above 2 to be closed by exec; async-signal-safe. Descriptors that were
// opened without O_CLOEXEC, by a library say, or that we were started with, do not get through.
void surroundings_seal(void);

// Closes all descriptors above 2 but KEEP (-1: none).
void surroundings_close(int keep);

// Puts /dev/null in the place of descriptors 0, 1 and 2. False with errno set.
bool surroundings_silence(void);
