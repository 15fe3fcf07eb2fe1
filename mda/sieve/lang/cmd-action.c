// SPDX-License-Identifier: MIT
// keep, discard, redirect (RFC 5228 §4).
#include "sieve/lang/address-parts.h"
#include "sieve/lang/engine.h"
#include "sieve/lang/match-type.h"

static enum sieve_flow keep_run(struct sieve_run *run, const struct sieve_node *node)
{
    enum sieve_flow flow = FLOW_NEXT;
    if (sieve_act_store(run, node, NULL, &flow))
        run->plan->implicit_keep = false;
    return flow;
}

const struct sieve_verb sieve_cmd_keep = {.name = "keep", .kind = VERB_COMMAND, .run = keep_run};

static enum sieve_flow discard_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    enum sieve_flow flow = FLOW_NEXT;
    for (guint i = 0; i < run->plan->actions->len; i++) {
        if (((struct plan_action *)g_ptr_array_index(run->plan->actions, i))->kind == PLAN_DISCARD)
            return FLOW_NEXT;
    }
    if (sieve_act(run, PLAN_DISCARD, &flow))
        run->plan->implicit_keep = false;
    return flow;
}

const struct sieve_verb sieve_cmd_discard = {
    .name = "discard", .kind = VERB_COMMAND, .run = discard_run};

static bool redirect_check(struct sieve_checker *checker, struct sieve_node *node)
{
    if (sieve_setting_number(checker->host, "max_redirects", SIEVE_MAX_REDIRECTS) == 0)
        return sieve_check_error(checker, node->at, MSG_REDIRECT_OFF);
    const struct sieve_arg *arg = g_ptr_array_index(node->positional, 0);
    if (!sieve_arg_is_constant(arg) || sieve_node_tag(node, "list"))
        return true;
    const struct sieve_text *text = sieve_arg_text(arg, 0);
    g_autofree char *why = NULL;
    g_autofree char *address = sieve_address_parse_one(text->raw, &why);
    return address || sieve_check_error(checker, text->at, MSG_REDIRECT_ADDRESS, text->raw, why);
}

static struct plan_action *find_redirect(const struct plan *plan, const char *address)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind == PLAN_REDIRECT && sieve_address_same(action->address, address))
            return action;
    }
    return NULL;
}

// RFC 6009: parameters of the outgoing envelope.
static void take_delivery_tags(struct sieve_run *run, const struct sieve_node *node,
                               struct plan_action *action)
{
    static const char *const tags[] = {"notify", "ret", "bymode", "bytimeabsolute"};
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (sieve_has_tag(node, tags[i]))
            plan_action_set(action, tags[i], sieve_tag_string(run, node, tags[i]));
    }
    if (sieve_has_tag(node, "bytrace"))
        plan_action_set(action, "bytrace", g_strdup("yes"));
    if (sieve_has_tag(node, "bytimerelative"))
        plan_action_set(
            action, "bytimerelative",
            g_strdup_printf("%" G_GUINT64_FORMAT, sieve_tag_number(node, "bytimerelative", 0)));
}

static enum sieve_flow redirect_to(struct sieve_run *run, const struct sieve_node *node,
                                   const char *given)
{
    g_autofree char *why = NULL, *address = sieve_address_parse_one(given, &why);
    if (!address)
        return sieve_run_fail(run, MSG_REDIRECT_ADDRESS, given, why);
    enum sieve_flow flow = FLOW_NEXT;
    struct plan_action *action = find_redirect(run->plan, address);
    // Sent by an earlier script of the row: nothing to add, and no reason not to keep.
    if (action && action->settled)
        return FLOW_NEXT;
    if (!action) {
        if (sieve_setting_number(run->host, "max_redirects", SIEVE_MAX_REDIRECTS) == 0)
            return sieve_run_fail(run, MSG_REDIRECT_OFF);
        action = sieve_act(run, PLAN_REDIRECT, &flow);
    }
    if (!action)
        return flow;
    if (!action->address)
        action->address = g_steal_pointer(&address);
    take_delivery_tags(run, node, action);
    if (!sieve_has_tag(node, "copy"))
        run->plan->implicit_keep = false;
    return FLOW_NEXT;
}

// RFC 6134 §2.4: to each member of a list. Each counts as a redirect, so that a list is no way
// around the limit; a list without members redirects nothing, and the message is kept.
static enum sieve_flow redirect_to_list(struct sieve_run *run, const struct sieve_node *node,
                                        const char *list)
{
    g_autofree char *name = sieve_list_name(list);
    g_autoptr(GPtrArray) members =
        run->host->list_members ? run->host->list_members(run->host->data, name) : NULL;
    enum sieve_flow flow = FLOW_NEXT;
    if (!members)
        return sieve_run_fail(run, MSG_REDIRECT_NO_LIST, list);
    for (guint i = 0; i < members->len && flow == FLOW_NEXT; i++)
        flow = redirect_to(run, node, g_ptr_array_index(members, i));
    return flow;
}

static enum sieve_flow redirect_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *given = sieve_string(run, node, 0);
    return sieve_has_tag(node, "list") ? redirect_to_list(run, node, given)
                                       : redirect_to(run, node, given);
}

const struct sieve_verb sieve_cmd_redirect = {.name = "redirect",
                                              .kind = VERB_COMMAND,
                                              .positional = "s",
                                              .labels = "address",
                                              .check = redirect_check,
                                              .run = redirect_run};
