// SPDX-License-Identifier: MIT
// vnd.dovecot.debug (debug_log) and vnd.dovecot.report (an abuse report by mail, RFC 5965).
#include "sieve/lang/address-parts.h"
#include "sieve/lang/engine.h"

#include <string.h>

static enum sieve_flow debug_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *message = sieve_string(run, node, 0);
    sieve_diagnose(run->diagnostics, SIEVE_INFO, run->script->name, node->at, MSG_DEBUG_LOG,
                   message);
    sieve_run_trace(run, "  %s", message);
    return FLOW_NEXT;
}

static const struct sieve_verb debug_log = {.name = "debug_log",
                                            .kind = VERB_COMMAND,
                                            .positional = "s",
                                            .labels = "message",
                                            .run = debug_run};
static const struct sieve_verb *const debug_verbs[] = {&debug_log, NULL};

const struct sieve_extension sieve_ext_dovecot_debug = {.name = "vnd.dovecot.debug",
                                                        .verbs = debug_verbs};

// ---- report

static const struct sieve_tag report_tags[] = {{.name = "headers_only"}, {.name = NULL}};

static bool is_feedback_type(const char *type)
{
    if (!*type)
        return false;
    for (; *type; type++) {
        if ((guchar)*type <= 32 || (guchar)*type >= 127 || strchr("()<>@,;:\\\"/[]?=", *type))
            return false;
    }
    return true;
}

static bool report_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_text *type = sieve_arg_text(g_ptr_array_index(node->positional, 0), 0);
    const struct sieve_text *to = sieve_arg_text(g_ptr_array_index(node->positional, 2), 0);
    g_autofree char *why = NULL;
    g_autofree char *address = to->parts ? NULL : sieve_address_parse_one(to->raw, &why);
    bool ok = true;
    if (!type->parts && !is_feedback_type(type->raw))
        ok = sieve_check_error(checker, type->at, MSG_FEEDBACK_TYPE, type->raw);
    if (!to->parts && !address)
        ok = sieve_check_error(checker, to->at, MSG_REPORT_ADDRESS, to->raw, why);
    return ok;
}

static enum sieve_flow report_run(struct sieve_run *run, const struct sieve_node *node)
{
    enum sieve_flow flow = FLOW_NEXT;
    g_autofree char *type = sieve_string(run, node, 0), *text = sieve_string(run, node, 1);
    g_autofree char *to = sieve_string(run, node, 2), *why = NULL;
    g_autofree char *address = sieve_address_parse_one(to, &why);
    if (!is_feedback_type(type))
        return sieve_run_fail(run, MSG_FEEDBACK_TYPE, type);
    if (!address)
        return sieve_run_fail(run, MSG_REPORT_ADDRESS, to, why);
    struct plan_action *action = sieve_act(run, PLAN_REPORT, &flow);
    if (!action)
        return flow;
    action->address = g_steal_pointer(&address);
    action->text = g_steal_pointer(&text);
    action->subject = g_steal_pointer(&type);
    if (sieve_has_tag(node, "headers_only"))
        plan_action_set(action, "headers_only", g_strdup("yes"));
    return FLOW_NEXT;
}

static const struct sieve_verb report = {.name = "report",
                                         .kind = VERB_COMMAND,
                                         .positional = "sss",
                                         .labels = "feedback-type|message|address",
                                         .tags = report_tags,
                                         .check = report_check,
                                         .run = report_run};
static const struct sieve_verb *const report_verbs[] = {&report, NULL};

const struct sieve_extension sieve_ext_dovecot_report = {.name = "vnd.dovecot.report",
                                                         .verbs = report_verbs};
