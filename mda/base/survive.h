// SPDX-License-Identifier: MIT
// What a delivery must do to never end in a way that an MTA takes for a bounce or that loses mail.
//
// MTAs read our end like this (Postfix pipe_command.c and sys_exits.c, Exim's pipe transport):
// 0 delivered; 71 and 75 try again; every other number bounces; death by a signal is deferred by
// Postfix and OpenSMTPD and bounced by Exim. So fatal signals end in status 75 while nothing has
// been committed and in status 0 afterwards, when a second copy would be the other way to fail.
#pragma once

#include <stdbool.h>

// Installs handlers for HUP INT QUIT TERM ALRM XCPU ABRT TRAP SEGV BUS FPE ILL SYS; ignores PIPE
// and XFSZ, so that both arrive as errno; makes descriptors 0, 1 and 2 exist, so that no file of
// ours becomes one of them. A closed standard input stays an error: it is replaced by one that
// cannot be read.
void survive_begin(void);

// The message is where it belongs: from here on the end is success, whatever comes.
void survive_committed(void);

// Back to the default for all of it, in a forked child that is to die like any other program.
void survive_reset(void);

// Ends the process in SECONDS from now, as if a signal had come; 0 takes that back.
void survive_watchdog(unsigned seconds);

// What main() returns: STATUS, told to the launcher (mda/launch.c), which takes every end that was
// not told so for an accident. Without a launcher it is told to nobody.
int survive_end(int status);

// The same, at the end of all ends: tells STATUS, outlives the launcher, and returns whether the
// MTA got it. False when the launcher was killed meanwhile: the MTA will try again. Where the
// kernel cannot tell that (before Linux 6.15), and without a launcher, true.
bool survive_was_heard(int status);

// Another program is about to take our place, whose status is to count whatever it is.
void survive_hand_over(void);
