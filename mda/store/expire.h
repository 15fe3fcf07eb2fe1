// SPDX-License-Identifier: MIT
// Old messages leave a maildir folder, the Junk folder above all.
//
// A message's age is the delivery time that its file name begins with (maildir's own rule); the
// file's time counts only where the name has none. Nothing younger than the limit goes, whatever
// its flags, and a name that lies in the future is no older than now. What is removed lies in new/
// and cur/ of this one folder: no symbolic link is followed or removed, no subdirectory entered.
// IMAP servers may rename and remove files meanwhile: who was quicker is right. Files in tmp/ that
// nobody touched for 36 hours are what a crash left behind, and go too.
//
// What goes is noted in the Maildir++ quota file of the store, if it has one.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

struct expire_policy {
    gint64 max_age;       // seconds; 0: age is no reason
    guint64 max_messages; // beyond it the oldest go; 0: no such limit
    guint64 max_size;     // bytes; beyond it the oldest go, but never the newest; 0: no such limit
    bool flagged;         // flagged messages too; if not they stay, and do not count for the limits
    bool dry_run;         // tell, remove nothing
};

struct expire_result {
    guint64 seen;          // messages looked at
    guint64 removed;       // messages removed, or that would be
    guint64 removed_bytes; // what they held together
    guint64 stale;         // files removed from tmp/, or that would be
    guint64 failed;        // could not be removed; the first reason is in the log
    bool whole;            // all of the folder was looked at
};

// Told of each message or stale file before it goes. NAME is relative to the folder ("cur/…").
typedef void expire_visit(const char *name, gint64 age, guint64 size, void *data);

// Expires all of the maildir folder at PATH, as of NOW (seconds since 1970). PATH may lie below
// links but must not be one. VISIT may be NULL. False with *err: MDA_ERROR_GONE when there is no
// such folder, MDA_ERROR_TEMP when it cannot be read.
bool expire_folder(const char *path, const struct expire_policy *policy, gint64 now,
                   expire_visit *visit, void *data, struct expire_result *result_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// What one delivery may spend.
#define EXPIRE_SLICE_ENTRIES 4096
#define EXPIRE_SLICE_MILLISECONDS 20
// A folder of more messages than this is not begun again for so many seconds after a round.
#define EXPIRE_SMALL_FOLDER 256
#define EXPIRE_SLICE_PAUSE 600

// The same for the time after a delivery: looks at no more than ENTRIES directory entries, until
// DEADLINE, and goes on from there next time. A folder that fits in one slice is done whole, its
// limits of number and size included; for a larger one those are left to expire_folder. The place
// to go on from, and when the last round ended, stand in the file "backstop-expire" in the folder;
// small folders have none and are looked at every time.
// One process at a time does this; another returns at once, with nothing seen.
bool expire_slice(const char *path, const struct expire_policy *policy, gint64 now, guint entries,
                  struct deadline deadline, struct expire_result *result_r,
                  GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The delivery time in a maildir file name, or -1 when it has none that can be one.
gint64 expire_name_time(const char *name);

// Does the name have the flag (one letter) behind ":2,"?
bool expire_name_has_flag(const char *name, char flag);

// The size that the name gives as ",S=", or -1.
gint64 expire_name_size(const char *name);
