// SPDX-License-Identifier: MIT
// Mail that a user's rules send: redirected messages, answers, refusals, notifications. It leaves
// through the configured sendmail, and only where the sender may be answered at all.
#pragma once

#include "conf/conf.h"
#include "delivery/carry-out.h"
#include "hosts/sieve-host.h"
#include "message/envelope.h"
#include "message/message.h"

struct outgoing {
    const struct conf *conf;
    const struct message *message;
    const struct envelope *envelope;
    struct sieve_source *source; // what answers are made from
    const char *fingerprint;     // of this delivery
    bool unwanted;               // the verdict on the message is against it
    bool caller_refuses;         // a rejection is said by exit status
    bool caller_needs_ascii;     // or in a reply, whose text must be ASCII
};

// The functions for plan/run, working on OUTGOING, which must outlive the run.
struct run_outgoing outgoing_ways(struct outgoing *outgoing);
