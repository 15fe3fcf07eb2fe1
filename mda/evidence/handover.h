// SPDX-License-Identifier: MIT
// Where in the original's Received trail did the mail leave the sending side? Shared by trail
// (whose test is "one of our relays?") and spf ("does our SPF record allow it?").
//
// Only the newest lines were written by the side that reports; everything below is what the client
// handed over and may be made up. So a host of ours that stands deeper counts by how the hosts
// above it got the mail.
#pragma once

#include "evidence/evidence.h"

enum handover_kind {
    HANDOVER_NONE,      // the test fits no line
    HANDOVER_DIRECT,    // ours handed it to the side that reports, itself
    HANDOVER_FORWARDED, // … to a host of the recipient's, which passed it on
    HANDOVER_DISTANT,   // … to a host that has nothing to do with the recipient
    HANDOVER_BROKEN,  // as before, and the line names a host that is not the one that passed it on
    HANDOVER_MADE_UP, // as before, and that one is a machine on an end user's line
};

struct handover {
    enum handover_kind kind;
    const struct received_hop *hop;    // the line that the test fits, or NULL
    const struct received_hop *newest; // the newest line with a client from outside, or NULL
    guint index;                       // of hop among the trail's lines
};

typedef bool (*hop_test)(const struct received_hop *hop, gpointer data);

// Looks through the first lines of the trail, newest first.
struct handover handover_find(const struct evidence_case *evidence_case, hop_test test,
                              gpointer data);

// The network of the host that handed the original over to the side that reports: IPv4 /24, IPv6
// /64; "" when it is not known. Owned by the caller.
char *handover_origin(const struct evidence_case *evidence_case);

// Does the line say that its client had logged in, or that the mail was made on the host itself?
bool hop_is_submission(const struct received_hop *hop);

// Does the line name any host by a name or an address that means something to others? Some
// providers write private addresses alone.
bool hop_names_host(const struct received_hop *hop);

// Does NAME (or NULL), which an address resolved to, speak of a line that end users dial in by, and
// of no mail server?
bool host_is_end_user(const char *name);

// "mail.example.org [192.0.2.1]", as far as the line says. Owned by the caller.
char *hop_client(const struct received_hop *hop);
