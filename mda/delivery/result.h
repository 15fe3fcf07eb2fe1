// SPDX-License-Identifier: MIT
// What became of a delivery, as its caller is to learn it: the MTA by an exit status (main.c), an
// LMTP client by a reply (lmtp/).
#pragma once

enum delivery_end {
    DELIVERY_DEFERRED = 0, // to be tried again: also what nobody has thought of
    DELIVERY_DELIVERED,
    DELIVERY_REFUSED,   // a rule of the user's refuses it
    DELIVERY_NO_USER,   // the user database says for sure that there is no such user
    DELIVERY_BY_STATUS, // an rc file, or procmail's own ways, say a status that is none of these
};

struct delivery_result {
    enum delivery_end end;
    int status; // with DELIVERY_BY_STATUS
};
