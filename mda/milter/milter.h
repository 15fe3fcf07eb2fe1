// SPDX-License-Identifier: MIT
// Between backstop milter and the module backstop-milter.so, which alone knows libmilter.
#pragma once

#include "base/module.h"
#include "conf/conf.h"
#include "milter/socket-place.h"

#include <stdbool.h>

// How long recording may take: the MTA waits for us meanwhile.
#define MILTER_RECORD_MS 2000

struct milter_api {
    struct module_head head;

    // Serves at PLACE until a signal ends it. The exit status.
    int (*run)(const struct conf *conf, const struct milter_place *place);
};

// One message that passes, as the MTA tells it. All strings are owned.
struct milter_mail {
    bool ours;                                // the client logged in or is internal
    char *sender;                             // envelope sender without <>
    GPtrArray *recipients;                    // char *
    char *from, *date, *message_id, *subject; // header values, or NULL
    bool stamped;                             // a stamp is there already
};

// What is to be changed in it. Strings are owned, NULL: nothing.
struct milter_changes {
    char *stamp;      // the value of a stamp field to add
    char *new_sender; // the signed envelope sender
};

// Records MAIL in the ledger and says what to change. Never fails: what cannot be done is
// logged. Thread-safe.
void milter_handle(const struct conf *conf, const struct milter_mail *mail,
                   struct milter_changes *changes_r);

// Is a client at ADDRESS (text) internal by [milter] internal? One whose address is not known is
// not.
bool milter_is_internal(const struct conf *conf, const char *address);
