// SPDX-License-Identifier: MIT
// The user's folders of sent mail as a ledger that needs no change to any mail server. Each use
// indexes a bounded number of messages, the newest first, and goes on there the next time.
#pragma once

#include "base/clock.h"
#include "conf/conf.h"
#include "ledger/ledger.h"

// Its file in the state directory.
#define SENTFOLDER_INDEX "sent-folder.sqlite"

struct sentfolder {
    struct ledger *ledger; // the index
    bool whole;            // everything in the folders is in it
    guint indexed;         // how many messages this use added
};

// Brings the index up to date within MAX messages and DEADLINE. MDA_ERROR_GONE when there is no
// such folder.
bool sentfolder_open(const struct conf *conf, guint max, struct deadline deadline,
                     struct sentfolder **sentfolder_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
void sentfolder_free(struct sentfolder *sentfolder);

// The folders that the settings name and that are there: char *, owned by the array.
GPtrArray *sentfolder_paths(const struct conf *conf);

// How many of the indexed Message-IDs bear DOMAIN behind their @, and how many there are. False
// when nothing is known.
bool sentfolder_learnt(const struct conf *conf, const char *domain, struct deadline deadline,
                       guint *same_r, guint *all_r);

// Does ADDRESS stand in From or Sender of a message indexed so far, as accounts are compared
// (address_plain)? False when nothing is known.
bool sentfolder_is_own(const struct conf *conf, const char *address, struct deadline deadline);

typedef struct sentfolder SentFolder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SentFolder, sentfolder_free)
