// SPDX-License-Identifier: MIT
// How any mail folder is read: maildir, MH, a directory of messages (*.eml), mbox. Nothing in it is
// changed, no symbolic link is followed, and what other programs do to it meanwhile does no harm.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

enum read_kind { READ_NONE, READ_MAILDIR, READ_MH, READ_FILES, READ_MBOX };

// What is at PATH. A directory with cur/ is a maildir; one with names of digits alone is MH; any
// other holds messages as files; a regular file is an mbox.
enum read_kind read_kind(const char *path);

// The messages of the folder at PATH, which is no mbox, newest names first:
// "cur/1700000000.M1.host" … as they are called now. At most MAX; char *, owned by the array. False
// with *err when the folder cannot be read.
bool read_list(const char *path, enum read_kind kind, guint max, GPtrArray **names_r,
               GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The header (at most READ_HEADER_MAX bytes from the beginning) of message NAME, or NULL when it
// cannot be read or is no regular file.
#define READ_HEADER_MAX (256 * 1024)
GBytes *read_header(const char *path, const char *name);

// The whole message, or NULL when it cannot be read, is no regular file or larger than MAX bytes.
GBytes *read_message(const char *path, const char *name, gsize max);

// NAME without its directory and flags: what stays the same while mail programs move and flag the
// message. Owned by the caller.
char *read_lasting_name(const char *name);

// Calls VISIT for each message of the mbox at PATH that begins at byte OFFSET or behind it, until
// VISIT returns false. What is handed over begins with the From_ line and ends after MAX bytes;
// with MAX 0 it is the header alone, without that line. *END_R is where to go on the next time: at
// the last message, which may still grow, or the one that VISIT did not want. *SIZE_R is the file's
// size.
typedef bool (*read_visit)(GBytes *message, gint64 offset, gpointer data);
bool read_each_mbox(const char *path, gint64 offset, gsize max, read_visit visit, gpointer data,
                    gint64 *end_r, gint64 *size_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// When the folder was last changed, in microseconds; 0 when it is not there.
gint64 read_changed(const char *path, enum read_kind kind);

// Does LINE (LENGTH bytes, the next one beginning behind it, END the end of what is known) begin a
// message of an mbox: "From ", a sender and a date, and a header field in the next line? A line of
// text that begins with "From " has no date, or no header behind it. The caller knows whether it is
// the file's first or follows an empty line, as it must.
bool read_is_separator(const char *line, gsize length, const char *end);
