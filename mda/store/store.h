// SPDX-License-Identifier: MIT
// Where messages end up. A store is given bytes and a folder and knows nothing of why. store-list.h
// names the stores.
#pragma once

#include "base/clock.h"
#include "base/content.h"
#include "store/quota.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct store_request {
    const struct content *content;
    const char *folder;       // UTF-8 name, NULL: the inbox; "/" and "." separate levels
    bool create;              // make the folder if it is not there (the inbox is always made)
    const GPtrArray *flags;   // IMAP flags (char *), may be NULL
    bool keywords;            // those that are no system flags are kept too, as Dovecot does
    const char *sender;       // envelope sender for an mbox From_ line; "" or NULL: MAILER-DAEMON
    const char *recipient;    // whom a server is told that the mail is for; NULL: not known
    const char *fingerprint;  // hex: the same for a retry of the same delivery and nothing else
    gint64 arrival;           // unix time at which our MTA took the message in; 0: not known
    bool alone;               // nothing that takes time follows it in this delivery
    bool fsync;               // success means: on the disk
    mode_t mode;              // permissions of new files; directories get x where r is
    struct deadline deadline; // for locks
    struct quota quota;       // of the whole store, where that knows quotas (quota.h)
    guint64 quota_extra;      // bytes that the folder may have beyond it
};

struct store_result {
    char *path;     // where the message is; owned by the caller
    bool duplicate; // an earlier run had put it there already
    // How full the store was before and is now, in percent of its quota; 0: it has none.
    guint percent_before, percent;
};

struct store {
    const char *name; // "maildir"; stands before the path in [store] location
    // Delivers to the store at PATH. False with *err: nothing is visible (MDA_ERROR_TEMP; _FULL:
    // for want of quota), or the folder does not exist and was not to be made (MDA_ERROR_GONE), or
    // cannot exist under that name (MDA_ERROR_CONFIG).
    bool (*deliver)(const char *path, const struct store_request *request,
                    struct store_result *result_r, GError **err);
    // The path of FOLDER in the store at PATH, whether it is there or not; NULL with *err when the
    // name is not possible. Owned by the caller.
    char *(*folder_path)(const char *path, const char *folder, GError **err);
    // A directory in the file system of the store at PATH where a message may be spooled; it need
    // not be there. Owned by the caller; NULL: there is none.
    char *(*spool_directory)(const char *path);
    const char *rc_suffix; // what an rc file writes behind a folder's path to say that it is one
};

// Takes LOCATION ("maildir:PATH", "mbox:PATH", "mh:PATH" with options, see location.h, or a PATH)
// apart; *PATH_R is what the store's functions take for one. A bare path that ends in
// "/." is MH, one that is a regular file mbox, any other maildir. *PATH_R is owned by the caller.
const struct store *store_for(const char *location, char **path_r, GError **err);

// What store_for gives for a maildir with LAYOUT=fs.
extern const struct store store_maildir_fs;

// Does a message that came in at ARRIVAL, by its topmost Received field, surely bear a mark of its
// own, so that the same bytes are the same delivery?
bool store_is_certain(gint64 arrival, gint64 now);

// Frees the members.
void store_result_clear(struct store_result *result);

// May mail go to what is open as FD at PATH, by its owner and its hard links? A file must be ours;
// the directory of an inbox ours or root's (a folder may be shared, and root delivers to whom it
// wants). False with *err, MDA_ERROR_TEMP: whoever put it there may be made to take it away.
bool store_check_place(int fd, const char *path, const struct store_request *request,
                       GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Directories of a store are as open as its files: x is added wherever r is.
mode_t store_directory_mode(mode_t mode);
