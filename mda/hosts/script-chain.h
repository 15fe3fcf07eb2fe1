// SPDX-License-Identifier: MIT
// Scripts of one delivery that run one after the other: what a script leaves to the next. Its edits
// stay, the flags it set stay set (as with Pigeonhole), and its keep becomes the next one's matter.
#pragma once

#include "hosts/sieve-host.h"
#include "plan/plan.h"

struct script_chain {
    struct sieve_source *source; // what the scripts look at; borrowed
    GBytes *changed;             // the message as the scripts so far left it; NULL: as it came
    GPtrArray *flags;            // char *: set so far; NULL: none
    bool kept;                   // a script so far said keep itself
    GPtrArray *kept_flags;       // with these flags, or NULL
    guint settled;               // so many actions of the plan are of earlier scripts
};

// A script has run on the plan, and the next one follows.
void script_chain_next(struct script_chain *chain, struct plan *plan);

// The script on the turn failed, and with it the chain: PLAN keeps the message with the flags and
// edits of the earlier scripts, whose actions stay (design §9.4).
void script_chain_fail(struct script_chain *chain, struct plan *plan);

// The last one has run: PLAN is whole. SOURCE still looks at the message of the chain.
void script_chain_end(struct script_chain *chain, struct plan *plan);

void script_chain_clear(struct script_chain *chain);
