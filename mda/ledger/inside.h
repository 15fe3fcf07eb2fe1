// SPDX-License-Identifier: MIT
// An open ledger, as the files of this room see it.
#pragma once

#include "ledger/backend.h"

struct ledger {
    const struct ledger_backend *backend;
    gpointer state;
    const struct conf *conf; // borrowed; NULL: an index, which has no gaps
    struct ledger_hasher *hasher;
    int remote;     // the socket of who holds it; -1: we do
    GArray *askers; // struct ledger_hash
    char *name;
    gint64 keep_seconds;
    bool lost; // it is new, and its key is older
    bool batch;
};
