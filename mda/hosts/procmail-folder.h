// SPDX-License-Identifier: MIT
// What the two kinds of folders that rc files name have in common: files (procmail-folder.c) and
// directories (procmail-directory.c).
#pragma once

#include "base/files.h"
#include "hosts/procmail-host.h"

// What new files may be: the last bit tells old mail readers that mail has come.
#define PROCMAIL_FILE_MODE 0667
#define PROCMAIL_DIRECTORY_MODE 0777
#define PROCMAIL_MAIL_BIT 0001

struct procmail_place {
    enum procmail_folder kind;
    char *path; // without the sign of its kind
    mode_t mode;
};

// Finds out what NAME is and makes what is missing. FORCED: it must be a directory. False: it
// cannot be had, and that has been said. The path is the caller's.
bool procmail_folder_find_place(const struct procmail_delivery *delivery, const char *name,
                                bool forced, mode_t mask, struct procmail_place *place_r);

// The message as it belongs into a folder, behind SKIP bytes of it. ESCAPE: lines that begin with
// "From " as procmail escapes them; BLANK: an empty line at the end. An array of struct
// file_segment that point into DELIVERY; owned by the caller.
GArray *procmail_folder_segments(const struct procmail_delivery *delivery, gsize skip, bool escape,
                                 bool blank);
const struct file_segment *procmail_folder_first_segment(const GArray *segments);

// fsync, where that can be had.
bool procmail_folder_sync(int fd);

// Notes in the journal, if there is one, that STEP was done or is about to be.
void procmail_folder_note_step(const struct procmail_world *world, const char *step);

// In procmail's words, and in ours for what somebody planted.
void procmail_folder_complain(const struct procmail_delivery *delivery, const char *what,
                              const char *quoted);
void procmail_folder_say_failed(const struct procmail_delivery *delivery, int code,
                                const char *path);
void procmail_folder_say_planted(struct procmail_host *host, const GError *why);

// Files the message in the directory PLACE and its links. False: that failed, and has been said.
bool procmail_folder_file_message(struct procmail_host *host,
                                  const struct procmail_delivery *delivery,
                                  const struct procmail_place *place,
                                  struct procmail_delivered *delivered);
