// SPDX-License-Identifier: MIT
#include "plan/plan.h"

#include "base/text.h"

static void action_free(gpointer data)
{
    struct plan_action *action = data;
    g_free(action->folder);
    g_clear_pointer(&action->flags, g_ptr_array_unref);
    g_free(action->where);
    g_free(action->special_use);
    g_free(action->mailbox_id);
    g_free(action->address);
    g_free(action->from);
    g_free(action->subject);
    g_free(action->text);
    g_free(action->handle);
    g_clear_pointer(&action->addresses, g_ptr_array_unref);
    g_clear_pointer(&action->arguments, g_ptr_array_unref);
    g_free(action->fcc);
    g_clear_pointer(&action->options, g_hash_table_unref);
    g_clear_pointer(&action->message, g_bytes_unref);
    g_free(action);
}

struct plan *plan_new(void)
{
    struct plan *plan = g_new0(struct plan, 1);
    plan->actions = g_ptr_array_new_with_free_func(action_free);
    plan->implicit_keep = true;
    return plan;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->actions);
    g_clear_pointer(&plan->message, g_bytes_unref);
    g_clear_pointer(&plan->flags, g_ptr_array_unref);
    g_free(plan->error);
    g_free(plan);
}

struct plan_action *plan_add(struct plan *plan, enum plan_kind kind)
{
    struct plan_action *action = g_new0(struct plan_action, 1);
    action->kind = kind;
    g_ptr_array_add(plan->actions, action);
    return action;
}

bool plan_keeps(const struct plan *plan)
{
    bool keeps = plan->implicit_keep;
    for (guint i = 0; i < plan->actions->len && !keeps; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        keeps = action->kind == PLAN_KEEP;
    }
    return keeps;
}

void plan_drop_keeps(struct plan *plan)
{
    for (guint i = plan->actions->len; i > 0; i--) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i - 1);
        if (action->kind == PLAN_KEEP)
            g_ptr_array_remove_index(plan->actions, i - 1);
    }
}

void plan_action_set(struct plan_action *action, const char *name, char *value)
{
    if (!action->options)
        action->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_replace(action->options, g_strdup(name), value);
}

const char *plan_action_get(const struct plan_action *action, const char *name)
{
    return action->options ? g_hash_table_lookup(action->options, name) : NULL;
}

const char *plan_kind_name(enum plan_kind kind)
{
    static const char *const names[] = {
#define X(kind, name) name,
        PLAN_KIND_LIST(X)
#undef X
    };
    return names[kind];
}

static void append_quoted(GString *out, const char *label, const char *value)
{
    g_autofree char *escaped = value ? text_escaped(value, true) : NULL;
    if (value)
        g_string_append_printf(out, "%s \"%s\"", label, escaped);
}

char *plan_action_describe(const struct plan_action *action)
{
    GString *out = g_string_new(plan_kind_name(action->kind));
    append_quoted(out, "", action->folder);
    append_quoted(out, "", action->address);
    append_quoted(out, " text", action->text);
    for (guint i = 0; action->arguments && i < action->arguments->len; i++)
        append_quoted(out, "", g_ptr_array_index(action->arguments, i));
    for (guint i = 0; action->flags && i < action->flags->len; i++) {
        g_autofree char *flag = text_escaped(g_ptr_array_index(action->flags, i), false);
        g_string_append_printf(out, "%s %s", i == 0 ? " flags" : "", flag);
    }
    return g_string_free(out, FALSE);
}
