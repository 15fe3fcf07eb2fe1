// SPDX-License-Identifier: MIT
// Runs a checked script: a walk over its tree. Whatever goes wrong ends in the implicit keep
// (RFC 5228 §2.10.6): the actions that this run had planned are dropped, the mail goes to the
// inbox.
#include "sieve/lang/engine.h"

#include "base/quantity.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static gint64 cpu_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void report(struct sieve_run *run, enum sieve_severity severity, const char *format,
                   va_list args) G_GNUC_PRINTF(3, 0);
static void report(struct sieve_run *run, enum sieve_severity severity, const char *format,
                   va_list args)
{
    sieve_diagnose_v(run->diagnostics, severity, run->script->name, run->at, format, args);
}

enum sieve_flow sieve_run_fail(struct sieve_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(run, SIEVE_ERROR, format, args);
    va_end(args);
    run->failed = true;
    return FLOW_FAIL;
}

void sieve_run_error(struct sieve_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(run, SIEVE_ERROR, format, args);
    va_end(args);
}

char *sieve_run_position(const struct sieve_run *run)
{
    return g_strdup_printf("%s:%u", run->script->name, run->at.line);
}

void sieve_run_warn(struct sieve_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(run, SIEVE_WARNING, format, args);
    va_end(args);
}

void sieve_run_trace(const struct sieve_run *run, const char *format, ...)
{
    if (!run->host->trace)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    run->host->trace(run->host->data, run->at.line, text);
}

// ---- Arguments

char *sieve_arg_string(struct sieve_run *run, const struct sieve_arg *arg)
{
    return sieve_text_expand(run, sieve_arg_text(arg, 0));
}

GPtrArray *sieve_arg_list(struct sieve_run *run, const struct sieve_arg *arg)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < arg->texts->len; i++)
        g_ptr_array_add(list, sieve_text_expand(run, sieve_arg_text(arg, i)));
    return list;
}

char *sieve_string(struct sieve_run *run, const struct sieve_node *node, guint n)
{
    return sieve_arg_string(run, g_ptr_array_index(node->positional, n));
}

GPtrArray *sieve_list(struct sieve_run *run, const struct sieve_node *node, guint n)
{
    return sieve_arg_list(run, g_ptr_array_index(node->positional, n));
}

guint64 sieve_number(const struct sieve_node *node, guint n)
{
    return ((const struct sieve_arg *)g_ptr_array_index(node->positional, n))->number;
}

const struct sieve_tag_use *sieve_node_tag(const struct sieve_node *node, const char *name)
{
    for (guint i = 0; i < node->tags->len; i++) {
        const struct sieve_tag_use *use = &g_array_index(node->tags, struct sieve_tag_use, i);
        if (strcmp(use->arg->tag, name) == 0)
            return use;
    }
    return NULL;
}

bool sieve_has_tag(const struct sieve_node *node, const char *tag)
{
    return sieve_node_tag(node, tag) != NULL;
}

char *sieve_tag_string(struct sieve_run *run, const struct sieve_node *node, const char *tag)
{
    const struct sieve_tag_use *use = sieve_node_tag(node, tag);
    return use ? sieve_arg_string(run, use->value) : NULL;
}

GPtrArray *sieve_tag_list(struct sieve_run *run, const struct sieve_node *node, const char *tag)
{
    const struct sieve_tag_use *use = sieve_node_tag(node, tag);
    return use ? sieve_arg_list(run, use->value) : NULL;
}

guint64 sieve_tag_number(const struct sieve_node *node, const char *tag, guint64 fallback)
{
    const struct sieve_tag_use *use = sieve_node_tag(node, tag);
    return use ? use->value->number : fallback;
}

// ---- Settings

const char *sieve_setting(const struct sieve_host *host, const char *name)
{
    const char *value = host->setting ? host->setting(host->data, name) : NULL;
    return value && *value ? value : NULL;
}

gint64 sieve_setting_number(const struct sieve_host *host, const char *name, gint64 fallback)
{
    const char *value = sieve_setting(host, name);
    gint64 number = 0;
    return value && quantity_number(value, &number) ? number : fallback;
}

gint64 sieve_setting_size(const struct sieve_host *host, const char *name, gint64 fallback)
{
    const char *value = sieve_setting(host, name);
    gint64 bytes = 0;
    return value && quantity_size(value, &bytes) ? bytes : fallback;
}

gint64 sieve_setting_seconds(const struct sieve_host *host, const char *name, gint64 fallback)
{
    const char *value = sieve_setting(host, name);
    gint64 milliseconds = 0;
    if (!value || !quantity_duration(value, &milliseconds))
        return fallback;
    return milliseconds / 1000 + (milliseconds % 1000 != 0);
}

bool sieve_setting_bool(const struct sieve_host *host, const char *name, bool fallback)
{
    const char *value = sieve_setting(host, name);
    return value ? strchr("yYtT1", *value) != NULL : fallback;
}

// ---- The walk

static bool spend_step(struct sieve_run *run)
{
    if (run->failed)
        return false;
    if ((++run->steps & 31) == 0 && cpu_now() > run->cpu_limit) {
        sieve_run_fail(run, MSG_CPU_TIME);
        return false;
    }
    return true;
}

bool sieve_run_test(struct sieve_run *run, const struct sieve_node *node)
{
    if (!spend_step(run))
        return false;
    struct sieve_position before = run->at;
    run->at = node->at;
    bool result = node->constant >= 0 ? node->constant : node->verb->test(run, node);
    run->at = node->at;
    sieve_run_trace(run, "%s test: %s", node->verb->name, result ? "true" : "false");
    run->at = before;
    return result && !run->failed;
}

// The branch of an if, elsif or else; *taken: one of its chain was.
static enum sieve_flow run_branch(struct sieve_run *run, const struct sieve_node *node, bool *taken)
{
    if (node->verb->kind == VERB_IF)
        *taken = false;
    if (*taken)
        return FLOW_NEXT;
    *taken =
        node->verb->kind == VERB_ELSE || sieve_run_test(run, g_ptr_array_index(node->tests, 0));
    if (run->failed)
        return FLOW_FAIL;
    return *taken ? sieve_run_block(run, node->block) : FLOW_NEXT;
}

enum sieve_flow sieve_run_block(struct sieve_run *run, const GPtrArray *commands)
{
    bool taken = false;
    for (guint i = 0; i < commands->len; i++) {
        const struct sieve_node *node = g_ptr_array_index(commands, i);
        if (node->unreachable)
            continue;
        if (!spend_step(run))
            return FLOW_FAIL;
        run->at = node->at;
        enum sieve_flow flow = FLOW_NEXT;
        if (node->verb->kind == VERB_COMMAND) {
            sieve_run_trace(run, "%s", node->verb->name);
            flow = node->verb->run ? node->verb->run(run, node) : FLOW_NEXT;
        } else {
            flow = run_branch(run, node, &taken);
        }
        if (run->failed && flow != FLOW_LEAVE)
            return FLOW_FAIL;
        if (flow != FLOW_NEXT)
            return flow;
    }
    return FLOW_NEXT;
}

enum sieve_flow sieve_run_script(struct sieve_run *run, guint index)
{
    const struct sieve_script *before = run->script;
    GHashTable *variables = run->variables;
    run->script = g_ptr_array_index(run->program->scripts, index);
    run->included[index] = true;
    run->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    enum sieve_flow flow = sieve_run_block(run, run->script->commands);
    g_hash_table_unref(run->variables);
    run->variables = variables;
    if (before)
        run->script = before;
    return flow == FLOW_RETURN ? FLOW_NEXT : flow;
}

void sieve_reset_flags(struct sieve_run *run)
{
    g_autoptr(GPtrArray) flags = run->host->flags ? run->host->flags(run->host->data) : NULL;
    g_ptr_array_set_size(run->flags, 0);
    for (guint i = 0; flags && i < flags->len; i++)
        g_ptr_array_add(run->flags, g_strdup(g_ptr_array_index(flags, i)));
}

static void run_init(struct sieve_run *run)
{
    run->globals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    run->flags = g_ptr_array_new_with_free_func(g_free);
    run->included = g_new0(bool, run->program->scripts->len);
    run->part = -1;
    sieve_reset_flags(run);
    gint64 seconds = sieve_setting_seconds(run->host, "max_cpu_time", SIEVE_MAX_CPU_SECONDS);
    run->cpu_limit =
        seconds > 0 ? cpu_now() + G_USEC_PER_SEC * MIN(seconds, G_MAXINT32) : G_MAXINT64;
}

static void run_release(struct sieve_run *run)
{
    g_hash_table_unref(run->globals);
    g_ptr_array_unref(run->flags);
    g_clear_pointer(&run->match_values, g_ptr_array_unref);
    g_free(run->included);
}

// What keeps the message if no action does: as edited, with the flags set last.
void sieve_note_implicit_keep(struct sieve_run *run)
{
    g_clear_pointer(&run->plan->message, g_bytes_unref);
    g_clear_pointer(&run->plan->flags, g_ptr_array_unref);
    run->plan->message = sieve_act_message(run);
    run->plan->flags = sieve_flags_for(run, NULL);
}

bool sieve_execute_on(const struct sieve_program *program, const struct sieve_host *host,
                      struct sieve_view *view, struct plan *plan,
                      struct sieve_diagnostics *diagnostics)
{
    struct sieve_run run = {
        .program = program, .host = host, .plan = plan, .diagnostics = diagnostics, .view = view};
    guint before = plan->actions->len;
    run_init(&run);
    enum sieve_flow flow = sieve_run_script(&run, 0);
    bool ok = flow != FLOW_FAIL && !run.failed;
    if (ok) {
        sieve_note_implicit_keep(&run);
    } else {
        g_ptr_array_set_size(plan->actions, (gint)before);
        plan->implicit_keep = true;
        g_free(plan->error);
        const GPtrArray *list = diagnostics->list;
        plan->error = list->len > 0
                          ? sieve_diagnostic_format(g_ptr_array_index(list, list->len - 1))
                          : g_strdup("the script failed");
    }
    run_release(&run);
    return ok;
}

bool sieve_execute(const struct sieve_program *program, const struct sieve_host *host,
                   struct plan *plan, struct sieve_diagnostics *diagnostics)
{
    struct sieve_view *view = sieve_view_new(host);
    bool ok = sieve_execute_on(program, host, view, plan, diagnostics);
    sieve_view_free(view);
    return ok;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *sieve_capabilities(const struct sieve_host *host)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < sieve_extension_count; i++) {
        if (!sieve_extensions[i]->hidden &&
            sieve_extension_available(sieve_extensions[i], host, host->owner))
            g_ptr_array_add(names, g_strdup(sieve_extensions[i]->name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}
