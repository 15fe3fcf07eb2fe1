// SPDX-License-Identifier: MIT
// The hosts that send our mail: identity.relays and identity.networks, and what the site's SPF
// record adds when identity.networks-from-spf says so.
#pragma once

#include "base/address.h"
#include "evidence/evidence.h"

struct relays {
    GPtrArray *names;    // char *: globs
    GPtrArray *networks; // char *: CIDR
    guint posts;         // how many of the user's posts taught them; 0: they were set
    bool steady;         // … and no other host was seen after the first
};

// Owned by the caller. An entry of either setting counts as what it looks like.
struct relays *relays_new(const struct evidence_case *evidence_case);
void relays_free(struct relays *relays);

// Those that posts of the user's own showed that came back: his provider's hosts, by organisation.
struct relays *relays_learnt(const struct evidence_case *evidence_case);

bool relays_empty(const struct relays *relays);
bool relays_hold_name(const struct relays *relays, const char *name);
// Does NAME (or NULL) belong to the organisation of a host that is listed by name, as far as names
// tell?
bool relays_have_sibling(const struct relays *relays, const char *name);
bool relays_hold_address(const struct relays *relays, const struct ip_address *address);

typedef struct relays Relays;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relays, relays_free)

// Is the host that reports one of our relays, or does it bear a name of our domains? It may have
// had the mail before it was signed or stamped.
bool relays_report(const struct evidence_case *evidence_case);
