// SPDX-License-Identifier: MIT
// What the MTA told us beside the message.
#pragma once

#include <glib.h>
#include <stdbool.h>

// The parameters of RFC 3461, decoded; NULL: not given.
struct envelope_dsn {
    char *notify; // "NEVER", or of "SUCCESS,FAILURE,DELAY" those that were asked for
    char *orcpt;  // "rfc822;ann@example.org"
    char *ret;    // "FULL" or "HDRS"
    char *envid;
};

struct envelope {
    char *sender;             // envelope sender without <>; "" the null sender; NULL not known
    char *recipient;          // the address that this delivery is for, or NULL
    char *original_recipient; // before aliases and forwards, or NULL
    char *addressed;          // what Sieve's envelope "to" is when it is not the recipient, or NULL
    char *extension;          // the detail part of the address, or NULL
    char *client_address;     // IP address of the host that handed the message in, or NULL
    char *client_helo;        // its HELO, or NULL
    char *client_name;        // its verified host name, or NULL
    struct envelope_dsn dsn;
    gint64 arrived; // when the message came, in Unix seconds; 0: just now
};

void envelope_dsn_copy(const struct envelope_dsn *from, struct envelope_dsn *to_r);
void envelope_clear(struct envelope *envelope); // frees the members

// ADDRESS without surrounding blanks and one pair of <>. Owned by the caller; NULL for NULL.
char *envelope_address(const char *address);
