// SPDX-License-Identifier: MIT
// One Received line (RFC 5321 §4.4) as the MTAs really write it: Postfix, sendmail, Exim, qmail,
// Exchange, Yahoo and others put HELO, name and address in different places.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct received {
    char *from;    // what the client called itself (HELO)
    char *name;    // what its address resolved to, as the writer of the line says
    char *address; // its IP address
    char *by;      // the host that wrote the line
    char *date;
}; // what the line does not say is NULL

// Takes VALUE (unfolded) apart into *received_r. Never fails.
void received_parse(const char *value, struct received *received_r);

// The first address behind "for" in VALUE (unfolded), without its <>; NULL when it names none.
// Owned by the caller.
char *received_target(const char *value);
// What VALUE (unfolded) calls the message by in its writer's queue: Postfix's and sendmail's "id",
// Exim's too; NULL when it says none. Owned by the caller.
char *received_queue_id(const char *value);

void received_clear(struct received *received);
