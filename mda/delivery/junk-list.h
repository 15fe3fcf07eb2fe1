// SPDX-License-Identifier: MIT
// What lies in the Junk folder, why, and how it comes out of there again.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

struct junk_message {
    char *id;                          // by which the user names it: ten hex digits
    char *name;                        // in the folder: "cur/1700000000.M1.host:2,S"
    gint64 arrived;                    // unix seconds; 0: not known
    bool flagged;                      // the user wants to keep it
    char *from, *subject, *message_id; // as in its header, decoded; "" where there is none
    char *verdict; // "backscatter; class=…; rule=…; because=\"…\""; "" when it came otherwise
};

// The messages of the Junk folder of [store] location, the newest first; none when there is no such
// folder yet. struct junk_message *, owned by the array. *FOLDER_R, its path, is owned by the
// caller. False with *err when the store is no maildir or cannot be read.
bool junk_messages(const struct conf *conf, GPtrArray **messages_r, char **folder_r,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The one of MESSAGES that WORD names: by id (or the beginning of one, four digits at least), by
// Message-ID, by the name of its file. NULL with *err when there is none, or more than one.
// Borrowed.
const struct junk_message *junk_find(const GPtrArray *messages, const char *word, GError **err);

// Puts MESSAGE of FOLDER into the inbox, unread, and learns that it is genuine when it is a report.
// *LEARNT_R tells. False with *err: it is where it was.
bool junk_restore(const struct conf *conf, const char *folder, const struct junk_message *message,
                  bool *learnt_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Deletes MESSAGE of FOLDER for good.
bool junk_delete(const char *folder, const struct junk_message *message,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
