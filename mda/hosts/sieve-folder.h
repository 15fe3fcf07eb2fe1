// SPDX-License-Identifier: MIT
// A Sieve script over a folder that is there: what becomes of a message that was delivered long ago.
#pragma once

#include "hosts/sieve-host.h"
#include "plan/plan.h"

struct sieve_folder {
    const char *root; // the maildir
    const char *name; // of the folder, as a script would write it; NULL: the inbox
    char *path;       // its directory
    mode_t mode;
    bool keywords;
    bool delete_discarded; // else what a script discards stays
};

// What was done with a message.
enum sieve_folder_fate {
    FOLDER_STAYS,
    FOLDER_MOVED,   // into other folders
    FOLDER_COPIED,  // into others, and it stays
    FOLDER_DELETED, // the script discarded it
    FOLDER_FLAGGED, // it stays, with other flags
    FOLDER_UNDONE,  // the script wants something that is not done over a folder; it stays
    FOLDER_FAILED,  // *err; it stays
};

// The IMAP flags of the message NAME ("cur/1700000000.M1.host:2,S"), keywords too. char *, owned by
// the caller.
GPtrArray *sieve_folder_flags(const struct sieve_folder *folder, const char *name);

// What PLAN makes of it. With EXECUTE it is done: copies are on the disk, with the time of the
// message, before it goes. Nothing is ever sent. *UNDONE_R says what is not done, or NULL; owned by
// the caller.
enum sieve_folder_fate sieve_folder_carry_out(const struct sieve_folder *folder, const char *name,
                                              GBytes *bytes, const struct plan *plan, bool execute,
                                              char **undone_r, GError **err);
