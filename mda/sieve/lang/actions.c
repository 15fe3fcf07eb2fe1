// SPDX-License-Identifier: MIT
// How actions come together (RFC 5228 §2.10, RFC 5429 §2.3 and 2.4): the same one twice is one, a
// refusal excludes whatever delivers or answers, and there may not be too many.
#include "sieve/lang/engine.h"

#include <string.h>

GBytes *sieve_act_message(const struct sieve_run *run)
{
    return run->view->edited ? sieve_view_message(run->view) : NULL;
}

static bool delivers(enum plan_kind kind)
{
    return kind == PLAN_KEEP || kind == PLAN_FILEINTO || kind == PLAN_REDIRECT || kind == PLAN_PIPE;
}

static bool refuses(enum plan_kind kind)
{
    return kind == PLAN_REJECT || kind == PLAN_EREJECT;
}

// What a message calls it: keep is a store too.
static const char *name_of(const struct plan_action *action)
{
    bool store = action->kind == PLAN_KEEP || action->kind == PLAN_FILEINTO;
    return store ? "store" : plan_kind_name(action->kind);
}

static enum sieve_flow refuse_twice(struct sieve_run *run, const char *name,
                                    const struct plan_action *old)
{
    return sieve_run_fail(run, MSG_ACTION_TWICE, name, old->where);
}

static bool check_pair(struct sieve_run *run, const struct plan_action *old, enum plan_kind kind)
{
    static const char *const conflict = MSG_ACTION_CONFLICT;
    const struct plan_action now = {.kind = kind};
    g_autofree char *here = sieve_run_position(run);
    if (refuses(kind) && refuses(old->kind))
        refuse_twice(run, "reject/ereject", old);
    else if (kind == PLAN_VACATION && old->kind == PLAN_VACATION)
        refuse_twice(run, "vacation", old);
    else if (refuses(kind) && delivers(old->kind))
        sieve_run_fail(run, conflict, "reject/ereject", name_of(old), old->where,
                       "would deliver the message");
    else if (refuses(kind) && old->kind == PLAN_VACATION)
        sieve_run_fail(run, conflict, "reject/ereject", name_of(old), old->where,
                       "answers the sender already");
    else if (refuses(old->kind) && delivers(kind))
        sieve_run_fail(run, conflict, "reject/ereject", name_of(&now), here,
                       "would deliver the message");
    else if (refuses(old->kind) && kind == PLAN_VACATION)
        sieve_run_fail(run, conflict, "vacation", name_of(old), old->where,
                       "answers the sender already");
    return !run->failed;
}

static bool check_count(struct sieve_run *run, enum plan_kind kind)
{
    guint most = (guint)sieve_setting_number(run->host, "max_actions", SIEVE_MAX_ACTIONS);
    if (most > 0 && run->plan->actions->len >= most) {
        sieve_run_fail(run, MSG_TOO_MANY_ACTIONS, run->plan->actions->len + 1, most);
        return false;
    }
    if (kind == PLAN_REDIRECT)
        most = (guint)sieve_setting_number(run->host, "max_redirects", SIEVE_MAX_REDIRECTS);
    else if (kind == PLAN_NOTIFY)
        most = (guint)sieve_setting_number(run->host, "notify_max_notifications",
                                           SIEVE_MAX_NOTIFICATIONS);
    else
        return true;
    guint same = 1;
    for (guint i = 0; i < run->plan->actions->len; i++)
        same += ((struct plan_action *)g_ptr_array_index(run->plan->actions, i))->kind == kind;
    if (same > most)
        sieve_run_fail(run, MSG_TOO_MANY_OF_KIND, plan_kind_name(kind), same, most);
    return !run->failed;
}

// What an earlier script of the row asked for is done: one answer and one refusal are enough, and a
// copy that was filed or sent is no conflict.
static bool is_answered(const struct plan_action *old, enum plan_kind kind)
{
    return (refuses(kind) || kind == PLAN_VACATION) &&
           (refuses(old->kind) || old->kind == PLAN_VACATION);
}

struct plan_action *sieve_act(struct sieve_run *run, enum plan_kind kind, enum sieve_flow *flow_r)
{
    *flow_r = FLOW_FAIL;
    for (guint i = 0; i < run->plan->actions->len; i++) {
        const struct plan_action *old = g_ptr_array_index(run->plan->actions, i);
        if (old->settled && is_answered(old, kind)) {
            *flow_r = FLOW_NEXT;
            return NULL;
        }
        if (old->settled)
            continue;
        if (!check_pair(run, g_ptr_array_index(run->plan->actions, i), kind))
            return NULL;
    }
    if (!check_count(run, kind))
        return NULL;
    *flow_r = FLOW_NEXT;
    struct plan_action *action = plan_add(run->plan, kind);
    action->where = sieve_run_position(run);
    if (kind == PLAN_REDIRECT && run->view->unenclosed)
        action->message = g_bytes_ref(run->view->unenclosed);
    else if (kind != PLAN_DISCARD && kind != PLAN_NOTIFY)
        action->message = sieve_act_message(run);
    return action;
}

static bool is_inbox(const char *folder)
{
    return !folder || g_ascii_strcasecmp(folder, "INBOX") == 0;
}

static bool same_folder(const struct plan_action *action, const char *folder)
{
    if (action->kind != PLAN_KEEP && action->kind != PLAN_FILEINTO)
        return false;
    if (is_inbox(action->folder) || is_inbox(folder))
        return is_inbox(action->folder) && is_inbox(folder);
    return strcmp(action->folder, folder) == 0;
}

struct plan_action *sieve_act_store(struct sieve_run *run, const struct sieve_node *node,
                                    const char *folder, enum sieve_flow *flow_r)
{
    struct plan_action *action = NULL;
    for (guint i = 0; i < run->plan->actions->len && !action; i++) {
        struct plan_action *old = g_ptr_array_index(run->plan->actions, i);
        if (same_folder(old, folder))
            action = old;
    }
    *flow_r = FLOW_NEXT;
    // What an earlier script of the row filed is done: nothing to add, and no reason not to keep.
    if (action && action->settled)
        return NULL;
    if (!action) {
        action = sieve_act(run, folder ? PLAN_FILEINTO : PLAN_KEEP, flow_r);
        if (!action)
            return NULL;
        action->folder = g_strdup(folder);
    }
    // The same folder twice is one copy; "the last flag list value MUST win" (RFC 5232 §3).
    g_clear_pointer(&action->flags, g_ptr_array_unref);
    action->flags = sieve_flags_for(run, node);
    return action;
}
