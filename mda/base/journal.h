// SPDX-License-Identifier: MIT
// What a job that may be cut short has done already. A journal is a small file of steps, named
// after the job; the next try of the same job leaves out what stands in it. Steps are kept as
// hashes: the file tells nobody's correspondents.
//
// Design rationale:
// - Room for all steps is taken when the file is made, so that a note cannot fail for want of it.
// - A note is one write at a known place: a process that outlives its parent can make it too
//   (process.h, "witness").
// - Whoever has the file open holds its lock, children that inherit it included: two runs of one
//   job follow each other.
// - What ended well is forgotten at once, or after an hour where the job can never come again
//   (only its last instant can have been cut off then); what did not, after a week: MTAs give up
//   after five days.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#define JOURNAL_STEPS_MAX 120

struct journal;

// Opens the journal NAME in DIRECTORY; both are made when they are missing, and what had to be made
// for it goes with it when it is forgotten. ERR is not NULL. Waits
// until DEADLINE for another run of the job. False with *err: MDA_ERROR_TEMP when that did not end,
// or for another reason that may pass; MDA_ERROR_DENIED when this place cannot be had: nothing is
// in it then.
bool journal_open(const char *directory, const char *name, struct deadline deadline,
                  struct journal **journal_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Was STEP done, in this run or an earlier one? False for a JOURNAL that is NULL.
bool journal_has(const struct journal *journal, const char *step);

// When the job was begun: unix time.
gint64 journal_begun(const struct journal *journal);

// Was it there before: is this a retry of a job that was not finished? False for NULL.
bool journal_is_resumed(const struct journal *journal);

// Notes that STEP is done, on the disk when SYNC.
bool journal_note(struct journal *journal, const char *step, bool sync,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Where and what must be written so that STEP counts as done: *FD_R (borrowed), *OFFSET_R and a
// text of JOURNAL_NOTE_BYTES. For one step at a time; see journal_look.
#define JOURNAL_NOTE_BYTES 33
void journal_place(const struct journal *journal, const char *step, int *fd_r, off_t *offset_r,
                   char note_r[JOURNAL_NOTE_BYTES]);

// Reads again what is noted.
bool journal_look(struct journal *journal, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The job ends well when this process does (ending.h): the journal is then forgotten,
// or, when FINAL (no other job will ever have its name), closed.
void journal_finish(struct journal *journal, bool final);

// Has nothing been done yet, in this run or an earlier one?
bool journal_is_empty(const struct journal *journal);

// Forgets it at once: the job is to be done anew.
void journal_forget(struct journal *journal);

// Closes it; NULL is harmless.
void journal_close(struct journal *journal);
