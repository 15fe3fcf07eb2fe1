// SPDX-License-Identifier: MIT
// A file that becomes a message in a directory (maildir, MH, an rc file's folder): it is written
// whole and synced before it gets a name that readers see.
//
// Design rationale:
// - It has no name at all until then, so a crash leaves nothing. Where the file system has no
//   nameless files, or no /proc is there to name them by, it gets a temporary one, which a signal
//   handler takes away.
// - The names that readers see are the caller's, as is the sync of their directory.
#pragma once

#include "base/files.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct draft {
    int fd;             // -1: none is open
    int dirfd;          // borrowed: where a temporary name stands
    const char *path;   // borrowed: of that directory, for messages
    const char *prefix; // borrowed: how temporary names begin there
    char *temporary;    // the temporary name; NULL: it has none
    int token;          // of the temporary name (files.h)
};

#define DRAFT_NONE                                                                                 \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

// Opens a new one in the directory DIRFD at PATH, with MODE and the umask; temporary names begin
// with PREFIX. The three are borrowed until draft_drop. False with *err.
bool draft_open(struct draft *draft, int dirfd, const char *path, const char *prefix, mode_t mode,
                GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Writes all SEGMENTS, to the disk when SYNC. False with *err.
bool draft_write(struct draft *draft, const struct file_segment *segments, guint count, bool sync,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Gives it the name NAME in the directory TO, which must be free. 0, or an errno. One draft may get
// several names.
int draft_link(struct draft *draft, int to, const char *name) G_GNUC_WARN_UNUSED_RESULT;

// Closes it and takes a temporary name away; the others stay. The descriptor may have been taken
// over before (fd = -1).
void draft_drop(struct draft *draft);
