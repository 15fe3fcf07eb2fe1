// SPDX-License-Identifier: MIT
// The quota of a Maildir++ (its "maildirsize" file), shared with Dovecot, Courier and maildrop.
//
// The file's first line has the limits ("1000000S,500C": bytes and messages), each further one what
// came or went ("1234 1", "-1234 -1"), appended in one write. It is counted anew when it is longer
// than 5,120 bytes or does not add up, when the limits have changed, and, before anything is put
// off for it, when somebody else may have removed mail meanwhile without saying so.
//
// Left out: Courier's rule that its Trash does not count. Everything counts, as with Dovecot.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct quota {
    guint64 storage, messages; // limits; 0: none of that kind
};

struct quota_use {
    bool kept; // there is a quota here: quota_change is to be told
    struct quota limits;
    gint64 storage, messages; // what is there, before the message that was asked about
};

// May a message of SIZE bytes come into the maildir whose root is ROOT? WANTED are the limits of
// the settings; without any, those of the file count, and without a file there are none. EXTRA
// bytes more are free for this message. False with *err, MDA_ERROR_FULL: not now; *USE_R is filled
// in all the same.
bool quota_check(const char *root, const struct quota *wanted, guint64 extra, guint64 size,
                 struct quota_use *use_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Between the question and the note nobody else of us may count or note, or one of two would not be
// counted: holds ROOT (which is made with MODE where WANTED sets a limit) for the caller, who closes what is
// returned. -1: no quota is kept, or others hold it until DEADLINE; the count is then less sure, no more.
int quota_hold(const char *root, const struct quota *wanted, mode_t mode, struct deadline deadline);

// MESSAGES of SIZE bytes together came to ROOT, or went (below 0), where a quota is kept. What
// cannot be written is counted anew later.
void quota_change(const char *root, gint64 size, gint64 messages);

// Counts anew, where a quota is kept: nobody knows what was noted.
void quota_recount(const char *root);

// How much of the limits USE and SIZE bytes more take, in percent: the larger of the two shares.
guint quota_percent(const struct quota_use *use, guint64 size, guint64 messages);
