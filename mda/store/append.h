// SPDX-License-Identifier: MIT
// Growing a mailbox file by one message: all of it or nothing, whatever happens meanwhile.
//
// Design rationale:
// - Before the first byte is written, an extended attribute of the file says from where to where
//   the message will reach, hashes of its beginning and of the whole, and which delivery it is.
//   Then the message is written in one call. What is left by a run that is killed in that very call
//   ends with a page, as kernels end a write; what a power cut leaves ends anywhere.
// - So a part that was left can be told from a whole message, and also from what other programs,
//   who know nothing of this, have appended behind it: their "From " line stands at the end of a
//   page or at the beginning of a line, where the message that was cut short has none.
// - The next writer of ours takes the part away: by cutting the file back, or, when something
//   stands behind it, by moving that down, in steps of which each can be done twice.
// - The attribute belongs to the file: one that was replaced has none, and one that was rewritten
//   in its place does not look as it says, and is left as it is. So is all that is not sure.
// - Where there are no such attributes the file simply grows, as other programs have it grow.
#pragma once

#include "base/files.h"

#include <glib.h>
#include <stdbool.h>

struct append {
    int fd;           // open for reading and writing, not O_APPEND; locked
    const char *path; // for messages
    const struct file_segment *segments;
    guint count;
    const char *job; // the same for a retry of this delivery and nothing else; NULL: not known
    bool sync;
    bool keep_part; // what could be written is to stay when the rest cannot
    gsize written;  // out: bytes that are there to stay
    bool cut_back;  // out: the file is as it was
};

// Mends what a run left that was killed while it wrote. The file is locked. False with *err: it
// needs mending and that failed, so that nothing may be appended.
bool append_mend(int fd, const char *path, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Has JOB been appended by a run that did not come to its end (append_settle)? Behind append_mend.
bool append_has(int fd, const char *job);

// Appends. False with *err: the file is as it was, or *err says that it is not. The file bears the
// mark of an unfinished run (ending.h) until append_settle or the end of this one.
bool append_message(struct append *append, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The run comes to its end, or notes elsewhere what it has done.
void append_settle(int fd);
