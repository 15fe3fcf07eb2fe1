// SPDX-License-Identifier: MIT
#include "hosts/script-chain.h"

// To the script that just ran "as it came" is what the earlier ones left.
static void settle(struct script_chain *chain, struct plan *plan)
{
    for (; chain->settled < plan->actions->len; chain->settled++) {
        struct plan_action *action = g_ptr_array_index(plan->actions, chain->settled);
        action->settled = true;
        if (chain->changed && !action->message)
            action->message = g_bytes_ref(chain->changed);
    }
    if (chain->changed && !plan->message)
        plan->message = g_bytes_ref(chain->changed);
}

static void take_message(struct script_chain *chain, struct plan *plan)
{
    if (!plan->message || plan->message == chain->changed)
        return;
    g_clear_pointer(&chain->changed, g_bytes_unref);
    chain->changed = g_bytes_ref(plan->message);
    sieve_source_replace(chain->source, chain->changed);
}

// A keep that a script says stands, with its flags, for the implicit keep of those behind it.
static void note_keep(struct script_chain *chain, const struct plan *plan)
{
    for (guint i = chain->settled; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind != PLAN_KEEP)
            continue;
        chain->kept = true;
        g_clear_pointer(&chain->kept_flags, g_ptr_array_unref);
        chain->kept_flags = action->flags ? g_ptr_array_ref(action->flags) : NULL;
    }
}

void script_chain_next(struct script_chain *chain, struct plan *plan)
{
    note_keep(chain, plan);
    settle(chain, plan);
    take_message(chain, plan);
    plan_drop_keeps(plan);
    plan->implicit_keep = true; // until the next script says otherwise
    chain->settled = plan->actions->len;
    g_clear_pointer(&chain->flags, g_ptr_array_unref);
    chain->flags = g_steal_pointer(&plan->flags);
    g_clear_pointer(&plan->message, g_bytes_unref);
}

void script_chain_fail(struct script_chain *chain, struct plan *plan)
{
    g_ptr_array_set_size(plan->actions, (gint)chain->settled);
    plan->implicit_keep = true;
    g_clear_pointer(&plan->flags, g_ptr_array_unref);
    plan->flags = chain->flags ? g_ptr_array_ref(chain->flags) : NULL;
    g_clear_pointer(&plan->message, g_bytes_unref);
    // What it did to the message before it failed goes with it.
    sieve_source_replace(chain->source, chain->changed);
}

void script_chain_end(struct script_chain *chain, struct plan *plan)
{
    settle(chain, plan);
    if (!chain->kept || !plan->implicit_keep)
        return;
    g_clear_pointer(&plan->flags, g_ptr_array_unref);
    plan->flags = g_steal_pointer(&chain->kept_flags);
}

void script_chain_clear(struct script_chain *chain)
{
    g_clear_pointer(&chain->changed, g_bytes_unref);
    g_clear_pointer(&chain->flags, g_ptr_array_unref);
    g_clear_pointer(&chain->kept_flags, g_ptr_array_unref);
}
