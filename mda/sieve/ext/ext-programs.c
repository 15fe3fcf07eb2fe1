// SPDX-License-Identifier: MIT
// vnd.dovecot.pipe, .filter, .execute (Pigeonhole's external programs): only programs of a
// configured directory, by their bare name; the host starts them and bounds their time.
#include "sieve/lang/match-type.h"

#include <string.h>

static bool name_valid(const char *name)
{
    if (!*name || *name == '.' || strlen(name) > 128)
        return false;
    for (; *name; name++) {
        if ((guchar)*name < 32 || *name == '/' || *name == 127)
            return false;
    }
    return true;
}

static bool program_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const GPtrArray *args = node->positional;
    const char *verb = node->verb->name;
    const struct sieve_arg *name = g_ptr_array_index(args, 0);
    const struct sieve_arg *list = g_ptr_array_index(args, args->len - 1);
    const struct sieve_text *text = sieve_arg_text(name, 0);
    if (text->parts)
        return sieve_check_error(checker, text->at, MSG_PROGRAM_VARIABLE, verb,
                                 sieve_verb_word(node->verb));
    if (!name_valid(text->raw))
        return sieve_check_error(checker, text->at, MSG_PROGRAM_NAME, verb, text->raw);
    for (guint i = 0; args->len == 2 && i < list->texts->len; i++) {
        const struct sieve_text *argument = sieve_arg_text(list, i);
        if (!argument->parts && strpbrk(argument->raw, "\r\n"))
            return sieve_check_error(checker, argument->at, MSG_PROGRAM_LINE_END, verb);
    }
    return true;
}

static GPtrArray *arguments_of(struct sieve_run *run, const struct sieve_node *node)
{
    return node->positional->len > 1 ? sieve_list(run, node, 1) : NULL;
}

static bool arguments_ok(const GPtrArray *arguments)
{
    for (guint i = 0; arguments && i < arguments->len; i++) {
        if (strpbrk(g_ptr_array_index(arguments, i), "\r\n"))
            return false;
    }
    return true;
}

// ---- pipe

static const struct sieve_tag pipe_tags[] = {{.name = "try"}, {.name = NULL}};

static enum sieve_flow pipe_run(struct sieve_run *run, const struct sieve_node *node)
{
    enum sieve_flow flow = FLOW_NEXT;
    g_autofree char *program = sieve_string(run, node, 0);
    g_autoptr(GPtrArray) arguments = arguments_of(run, node);
    if (!name_valid(program) || !arguments_ok(arguments))
        return sieve_run_fail(run, MSG_PIPE_CALL, program);
    struct plan_action *action = sieve_act(run, PLAN_PIPE, &flow);
    if (!action)
        return flow;
    action->address = g_steal_pointer(&program);
    action->arguments = g_steal_pointer(&arguments);
    if (sieve_has_tag(node, "try"))
        plan_action_set(action, "try", g_strdup("yes"));
    if (!sieve_has_tag(node, "copy"))
        run->plan->implicit_keep = false;
    return FLOW_NEXT;
}

static const struct sieve_verb pipe_ = {.name = "pipe",
                                        .kind = VERB_COMMAND,
                                        .positional = "s|l",
                                        .labels = "program-name|arguments",
                                        .tags = pipe_tags,
                                        .check = program_check,
                                        .run = pipe_run};

// ---- filter and execute: as a command, and as a test that is true when the program succeeds

static GBytes *whole_message(struct sieve_run *run)
{
    return sieve_view_message(run->view);
}

static bool call_program(struct sieve_run *run, const struct sieve_node *node, int kind,
                         GBytes *input, GBytes **output_r)
{
    g_autofree char *program = sieve_string(run, node, 0);
    g_autoptr(GPtrArray) arguments = arguments_of(run, node);
    g_autoptr(GError) err = NULL;
    if (!name_valid(program) || !arguments_ok(arguments)) {
        sieve_run_fail(run, MSG_PROGRAM_CALL, node->verb->name, program);
        return false;
    }
    bool answered = false;
    struct sieve_program_call call = {
        .program = program, .arguments = arguments, .input = input, .answered_r = &answered};
    call.kind = (typeof(call.kind))kind;
    if (run->host->call(run->host->data, &call, output_r, &err))
        return true;
    if (err)
        sieve_run_trace(run, "  %s", err->message);
    const char *why = err ? err->message : "the program failed";
    if (node->verb->kind == VERB_TEST)
        return false;
    // What stands behind the command counts on what the program does (specification, 4.2 and 4.3);
    // its own "no" is an answer.
    if (!answered)
        sieve_run_fail(run, MSG_PROGRAM_FAILED, node->verb->name, why);
    else
        sieve_diagnose(run->diagnostics, SIEVE_WARNING, run->script->name, node->at,
                       MSG_PROGRAM_SAID_NO, node->verb->name, why);
    return false;
}

static bool filter_do(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GBytes) input = whole_message(run);
    g_autoptr(GBytes) output = NULL;
    if (!call_program(run, node, SIEVE_CALL_FILTER, input, &output))
        return false;
    if (output && g_bytes_get_size(output) > 0) {
        run->host->replace(run->host->data, output);
        sieve_view_reset(run->view);
        run->view->edited = true;
    }
    return true;
}

static enum sieve_flow filter_run(struct sieve_run *run, const struct sieve_node *node)
{
    // One that says no leaves the message as it is (specification, section 6).
    filter_do(run, node);
    return run->failed ? FLOW_FAIL : FLOW_NEXT;
}

static const struct sieve_verb filter = {.name = "filter",
                                         .kind = VERB_COMMAND,
                                         .positional = "s|l",
                                         .labels = "program-name|arguments",
                                         .check = program_check,
                                         .run = filter_run};
static const struct sieve_verb filter_test = {.name = "filter",
                                              .kind = VERB_TEST,
                                              .positional = "s|l",
                                              .labels = "program-name|arguments",
                                              .check = program_check,
                                              .test = filter_do};

static const struct sieve_tag execute_tags[] = {
    {.name = "input", .group = "input", .value = 's'},
    {.name = "pipe", .group = "input"},
    {.name = "output", .value = 's'},
    {.name = NULL},
};

static bool execute_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_tag_use *output = sieve_node_tag(node, "output");
    if (output && !sieve_check_uses(checker, "variables"))
        return sieve_check_error(checker, output->arg->at, MSG_OUTPUT_NO_VARIABLES,
                                 sieve_verb_word(node->verb));
    if (output &&
        !sieve_variable_declare(checker, output->value->at, sieve_arg_text(output->value, 0)->raw))
        return false;
    return program_check(checker, node);
}

static GBytes *execute_input(struct sieve_run *run, const struct sieve_node *node)
{
    if (sieve_has_tag(node, "pipe"))
        return whole_message(run);
    char *text = sieve_tag_string(run, node, "input");
    return text ? g_bytes_new_take(text, strlen(text)) : NULL;
}

static bool execute_do(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GBytes) input = execute_input(run, node);
    g_autoptr(GBytes) output = NULL;
    bool done = call_program(run, node, SIEVE_CALL_EXECUTE, input, &output);
    const struct sieve_tag_use *use = sieve_node_tag(node, "output");
    if (done && use && !run->failed) {
        gsize size = 0;
        const char *data = output ? g_bytes_get_data(output, &size) : NULL;
        g_autofree char *name = g_ascii_strdown(sieve_arg_text(use->value, 0)->raw, -1);
        char *value = g_utf8_make_valid(data ? data : "", (gssize)size);
        sieve_variable_set(run, name, value);
    }
    return done;
}

static enum sieve_flow execute_run(struct sieve_run *run, const struct sieve_node *node)
{
    execute_do(run, node);
    return run->failed ? FLOW_FAIL : FLOW_NEXT;
}

static const struct sieve_verb execute = {.name = "execute",
                                          .kind = VERB_COMMAND,
                                          .positional = "s|l",
                                          .labels = "program-name|arguments",
                                          .tags = execute_tags,
                                          .check = execute_check,
                                          .run = execute_run};
static const struct sieve_verb execute_test = {.name = "execute",
                                               .kind = VERB_TEST,
                                               .positional = "s|l",
                                               .labels = "program-name|arguments",
                                               .tags = execute_tags,
                                               .check = execute_check,
                                               .test = execute_do};

static const struct sieve_verb *const pipe_verbs[] = {&pipe_, NULL};
static const struct sieve_verb *const filter_verbs[] = {&filter, &filter_test, NULL};
static const struct sieve_verb *const execute_verbs[] = {&execute, &execute_test, NULL};

// A suite names the directory when its script is compiled already.
static bool has_programs(const struct sieve_host *host, const char *setting)
{
    return host->call && (host->suite || sieve_setting(host, setting));
}

static bool pipe_available(const struct sieve_host *host)
{
    return has_programs(host, "pipe_bin_dir");
}

static bool filter_available(const struct sieve_host *host)
{
    return host->replace && has_programs(host, "filter_bin_dir");
}

static bool execute_available(const struct sieve_host *host)
{
    return has_programs(host, "execute_bin_dir");
}

const struct sieve_extension sieve_ext_dovecot_pipe = {
    .name = "vnd.dovecot.pipe", .verbs = pipe_verbs, .available = pipe_available};
const struct sieve_extension sieve_ext_dovecot_filter = {
    .name = "vnd.dovecot.filter", .verbs = filter_verbs, .available = filter_available};
const struct sieve_extension sieve_ext_dovecot_execute = {
    .name = "vnd.dovecot.execute", .verbs = execute_verbs, .available = execute_available};
