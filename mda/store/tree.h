// SPDX-License-Identifier: MIT
// All folders of a mail store, however its program lays them out: Maildir++ (.Work.Old),
// directories in directories (Dovecot's LAYOUT=fs, MH), mbox files beside each other.
#pragma once

#include "store/read.h"
#include "store/special-use.h"

struct tree_folder {
    char *path;
    char *name; // UTF-8, levels divided by "/"; "" is the inbox (the root)
    enum read_kind kind;
    enum special_use use;
};

// The folders at and below ROOT, sorted by path: struct tree_folder *, owned by the array. Links
// are not followed, hidden files of servers are left out, and no more than some thousands are
// listed. A root that is not there has none.
GPtrArray *tree_folders(const char *root);

// Where the folder of special use USE is in the store at ROOT, or NULL. Owned by the caller.
char *tree_find(const char *root, enum special_use use);
