// SPDX-License-Identifier: MIT
// Names of files in a maildir, made so that the retry of a killed run finds what that run left.
//
// Design rationale:
// - A name is TIME.HHASH.HOST,S=SIZE,W=SIZE. HASH is made from the message's bytes and envelope
//   instead of clock and process id, so the same delivery gets the same name.
// - A message that came through an MTA bears the queue's id and time in its topmost Received field:
//   the same bytes are the same delivery, and TIME is that time. An earlier copy always counts.
// - A message fed in by hand has no such mark, and somebody may well feed it in twice. Its file
//   bears a mark until the run that wrote it ends for good (ending.h). A copy
//   counts as an earlier try when that is still there, and then alone: two equal messages are
//   two.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct maildir_name {
    gint64 time;   // unix seconds
    bool certain;  // the same fingerprint is surely the same delivery
    bool scan;     // an earlier copy may bear another name: look through the folder
    char *pattern; // ".HHASH." which every name for this delivery contains
    char *suffix;  // ".HHASH.HOST,S=…,W=…"
    char *flags;   // what is put behind the name: ":2,FSa", or ""
};

// FINGERPRINT, ARRIVAL: as in struct store_request. NOW: unix seconds. VARYING: the content that we
// add may differ between two tries. FLAGS is taken over.
void maildir_name_init(struct maildir_name *name, const char *fingerprint, gint64 arrival,
                       gint64 now, gsize size, gsize virtual_size, bool varying, char *flags);
void maildir_name_clear(struct maildir_name *name);

// The file name; N > 0 makes others, for when the first is taken. Owned by the caller.
char *maildir_name_make(const struct maildir_name *name, guint n);

// Does FILE in the directory open as DIRFD count as an earlier try of this delivery, if its bytes
// are the same?
bool maildir_name_counts(const struct maildir_name *name, int dirfd, const char *file);

// Looks for an earlier copy in the folder whose new and cur directories are open as NEWFD and
// CURFD. Returns its path relative to the folder ("cur/…"), owned by the caller, or NULL.
char *maildir_name_find(const struct maildir_name *name, int newfd, int curfd);

// ":2," and the letters for IMAP FLAGS (may be NULL), or "" when there are none. Owned by the
// caller.
char *maildir_flags(const GPtrArray *flags);
