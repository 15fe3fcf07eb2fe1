// SPDX-License-Identifier: MIT
// The marks of an unfinished run, and how they go: when the process ends for good, with success or
// a refusal, and not before. A run that is to be tried again, or is killed, leaves its marks for
// the one that comes after it.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define ENDING_MAX 64

// Marks the file open as FD as that of an unfinished run. False when that may not be done.
bool ending_mark(int fd);
bool ending_is_marked(int fd);

// The same with a TEXT that says what is being done, but only where files have attributes. False
// where they do not.
bool ending_mark_as(int fd, const char *text);

// That text, if there is one, as a string of less than SIZE bytes.
bool ending_mark_text(int fd, char *text_r, size_t size);

// Takes the mark off at once.
void ending_unmark(int fd);

// Keeps in mind what ending_finish is to do. False when there is no room: it has been done at once
// then. A mark is taken off; what has none, or the sticky bit for one, gets MODE. FD is taken over
// when it returns true.
bool ending_chmod(int fd, mode_t mode);
bool ending_unlink(const char *path);
bool ending_rmdir(const char *path); // if it is empty then

bool ending_is_due(void); // is there anything to do?

// Does it: modes first, then names, then directories, each in the order in which it was asked for.
// Async-signal-safe.
void ending_finish(void);

// A file with the mark of an unfinished run is locked by that run as long as it lives. Takes the
// lock; false when somebody has it.
bool ending_claim(int fd);
