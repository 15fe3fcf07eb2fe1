// SPDX-License-Identifier: MIT
// reject, ereject (RFC 5429). Whether the sender is told, and how, is settled when the plan is
// carried out: never to the null sender.
#include "sieve/lang/engine.h"

static enum sieve_flow refuse(struct sieve_run *run, const struct sieve_node *node,
                              enum plan_kind kind)
{
    enum sieve_flow flow = FLOW_NEXT;
    struct plan_action *action = sieve_act(run, kind, &flow);
    if (!action)
        return flow;
    action->text = sieve_string(run, node, 0);
    run->plan->implicit_keep = false;
    return FLOW_NEXT;
}

static enum sieve_flow reject_run(struct sieve_run *run, const struct sieve_node *node)
{
    return refuse(run, node, PLAN_REJECT);
}

static enum sieve_flow ereject_run(struct sieve_run *run, const struct sieve_node *node)
{
    return refuse(run, node, PLAN_EREJECT);
}

static const struct sieve_verb reject = {.name = "reject",
                                         .kind = VERB_COMMAND,
                                         .positional = "s",
                                         .labels = "reason",
                                         .run = reject_run};
static const struct sieve_verb ereject = {.name = "ereject",
                                          .kind = VERB_COMMAND,
                                          .positional = "s",
                                          .labels = "reason",
                                          .run = ereject_run};

static const struct sieve_verb *const reject_verbs[] = {&reject, NULL};
static const struct sieve_verb *const ereject_verbs[] = {&ereject, NULL};

const struct sieve_extension sieve_ext_reject = {.name = "reject", .verbs = reject_verbs};
const struct sieve_extension sieve_ext_ereject = {.name = "ereject", .verbs = ereject_verbs};
