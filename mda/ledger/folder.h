// SPDX-License-Identifier: MIT
// Reading the headers of the messages in a mail folder: maildir, MH, mbox. Nothing in the folder is
// changed, and no symbolic link is followed.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum folder_kind { FOLDER_NONE, FOLDER_MAILDIR, FOLDER_MH, FOLDER_MBOX };

// What is at PATH.
enum folder_kind folder_kind(const char *path);

// The messages of the maildir or MH folder at PATH, newest names first: "cur/1700000000.M1.host" …
// as they are called now. At most MAX; char *, owned by the array. False with *err when the folder
// cannot be read.
bool folder_list(const char *path, enum folder_kind kind, guint max, GPtrArray **names_r,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The header (at most FOLDER_HEADER_MAX bytes from the beginning) of message NAME, or NULL when it
// cannot be read or is no regular file.
#define FOLDER_HEADER_MAX (256 * 1024)
GBytes *folder_read_header(const char *path, const char *name);

// Calls VISIT with the header of each message of the mbox at PATH that begins at byte OFFSET or
// behind it, until VISIT returns false. *END_R is where to go on the next time. *SIZE_R is the
// file's size.
typedef bool (*folder_visit)(GBytes *header, gint64 offset, gpointer data);
bool folder_each_mbox(const char *path, gint64 offset, folder_visit visit, gpointer data,
                      gint64 *end_r, gint64 *size_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// When the folder was last changed, in microseconds; 0 when it is not there.
gint64 folder_changed(const char *path, enum folder_kind kind);
