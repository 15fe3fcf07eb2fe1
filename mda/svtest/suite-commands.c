// SPDX-License-Identifier: MIT
// The commands of test suites (vnd.dovecot.testsuite): .svtest files drive the engine with them.
// They are there only where a runner fills in host->suite.
#include "svtest/suite-commands.h"

#include "sieve/lang/match-type.h"

#include <string.h>

static void message_changed(struct sieve_run *run)
{
    sieve_view_reset(run->view);
    sieve_reset_flags(run);
}

// ---- test, test_fail

static bool test_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return checker->blocks == 1 || sieve_check_error(checker, node->at, MSG_TEST_IN_TEST);
}

static enum sieve_flow test_run(struct sieve_run *run, const struct sieve_node *node)
{
    const struct sieve_suite *suite = run->host->suite;
    g_autofree char *name = sieve_string(run, node, 0);
    suite->begin(run->host->data, name);
    enum sieve_flow flow = sieve_run_block(run, node->block);
    if (flow == FLOW_STOP)
        suite->end(run->host->data, "'stop' ended the test, and the whole file with it");
    else if (flow == FLOW_FAIL)
        suite->end(run->host->data, "the test script failed");
    else
        suite->end(run->host->data, NULL);
    return flow == FLOW_LEAVE ? FLOW_NEXT : flow;
}

static const struct sieve_verb test_ = {.name = "test",
                                        .kind = VERB_COMMAND,
                                        .positional = "s",
                                        .labels = "test-name",
                                        .takes = TAKES_BLOCK,
                                        .check = test_check,
                                        .run = test_run};

static enum sieve_flow fail(struct sieve_run *run, const char *reason)
{
    run->host->suite->fail(run->host->data, reason);
    return FLOW_LEAVE;
}

static enum sieve_flow test_fail_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *reason = sieve_string(run, node, 0);
    return fail(run, reason);
}

static const struct sieve_verb test_fail = {.name = "test_fail",
                                            .kind = VERB_COMMAND,
                                            .positional = "s",
                                            .labels = "reason",
                                            .run = test_fail_run};

// ---- test_set, test_message

static const struct sieve_tag set_tags[] = {{.name = "smtp"}, {.name = NULL}};

static bool test_set_check(struct sieve_checker *checker, struct sieve_node *node)
{
    bool sent = node->tags->len > 0;
    if (!sieve_suite_check_strings(checker, node, sent ? 1 : 2, sent ? 1 : 2))
        return false;
    const struct sieve_text *text = sieve_arg_text(g_ptr_array_index(node->positional, 0), 0);
    return (!text->parts && sieve_suite_object_known(text->raw)) ||
           sieve_check_error(checker, text->at, MSG_NO_SUCH_OBJECT, text->raw);
}

static enum sieve_flow set_last_sent(struct sieve_run *run)
{
    const struct sieve_suite *suite = run->host->suite;
    // Other engines send at once; here what is planned is sent when it is asked for.
    if (!suite->set_message(run->host->data, NULL, SIEVE_SUITE_LAST)) {
        suite->execute(run->host->data, run);
        if (!suite->set_message(run->host->data, NULL, SIEVE_SUITE_LAST))
            return fail(run, "no message was sent");
    }
    message_changed(run);
    return FLOW_NEXT;
}

static enum sieve_flow test_set_run(struct sieve_run *run, const struct sieve_node *node)
{
    if (sieve_has_tag(node, "smtp"))
        return set_last_sent(run);
    g_autofree char *object = sieve_string(run, node, 0), *value = sieve_string(run, node, 1);
    g_autoptr(GError) err = NULL;
    if (!run->host->suite->set(run->host->data, object, value, &err))
        return sieve_run_fail(run, "%s", err->message);
    if (g_ascii_strcasecmp(object, "message") == 0)
        message_changed(run);
    return FLOW_NEXT;
}

static const struct sieve_verb test_set = {.name = "test_set",
                                           .kind = VERB_COMMAND,
                                           .positional = "*",
                                           .tags = set_tags,
                                           .check = test_set_check,
                                           .run = test_set_run};

static const struct sieve_tag message_tags[] = {{.name = "smtp", .group = "source"},
                                                {.name = "folder", .group = "source", .value = 's'},
                                                {.name = NULL}};

static bool message_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_arg *index =
        node->positional->len > 0 ? g_ptr_array_index(node->positional, 0) : NULL;
    if (index && (index->kind != ARG_NUMBER || node->positional->len > 1))
        return sieve_check_error(checker, node->at, MSG_ARGUMENT_COUNT, node->verb->name,
                                 sieve_verb_word(node->verb), 1, (int)node->positional->len);
    return node->tags->len == 1 ||
           sieve_check_error(checker, node->at, MSG_MESSAGE_TAG, sieve_verb_word(node->verb));
}

// Without an index: the first.
static guint64 message_index(const struct sieve_node *node)
{
    return node->positional->len > 0 ? sieve_number(node, 0) : 0;
}

static bool message_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *folder =
        sieve_has_tag(node, "folder") ? sieve_tag_string(run, node, "folder") : NULL;
    bool there = run->host->suite->set_message(run->host->data, folder, message_index(node));
    message_changed(run);
    return there;
}

static enum sieve_flow message_run(struct sieve_run *run, const struct sieve_node *node)
{
    if (message_test(run, node))
        return FLOW_NEXT;
    g_autofree char *reason =
        g_strdup_printf("no %s message with index %" G_GUINT64_FORMAT,
                        sieve_has_tag(node, "smtp") ? "sent" : "stored", message_index(node));
    return fail(run, reason);
}

static const struct sieve_verb message_command = {.name = "test_message",
                                                  .kind = VERB_COMMAND,
                                                  .positional = "*",
                                                  .tags = message_tags,
                                                  .check = message_check,
                                                  .run = message_run};
static const struct sieve_verb message_as_test = {.name = "test_message",
                                                  .kind = VERB_TEST,
                                                  .positional = "*",
                                                  .tags = message_tags,
                                                  .check = message_check,
                                                  .test = message_test};

static enum sieve_flow nothing_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)run;
    (void)node;
    return FLOW_NEXT;
}

static const struct sieve_verb message_print = {
    .name = "test_message_print", .kind = VERB_COMMAND, .run = nothing_run};
static const struct sieve_verb result_print = {
    .name = "test_result_print", .kind = VERB_COMMAND, .run = nothing_run};

// ---- Store and settings

static enum sieve_flow mailbox_create_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    run->host->suite->mailbox_create(run->host->data, name);
    return FLOW_NEXT;
}

static const struct sieve_verb mailbox_create = {.name = "test_mailbox_create",
                                                 .kind = VERB_COMMAND,
                                                 .positional = "s",
                                                 .labels = "mailbox",
                                                 .run = mailbox_create_run};

static enum sieve_flow mailbox_delete_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    return fail(run, "mailboxes are never deleted in a test");
}

static const struct sieve_verb mailbox_delete = {.name = "test_mailbox_delete",
                                                 .kind = VERB_COMMAND,
                                                 .positional = "s",
                                                 .labels = "mailbox",
                                                 .run = mailbox_delete_run};

static const struct sieve_tag metadata_tags[] = {{.name = "mailbox", .value = 's'}, {.name = NULL}};

static enum sieve_flow metadata_set_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *mailbox = sieve_tag_string(run, node, "mailbox");
    g_autofree char *annotation = sieve_string(run, node, 0), *value = sieve_string(run, node, 1);
    run->host->suite->metadata_set(run->host->data, mailbox, annotation, value);
    return FLOW_NEXT;
}

static const struct sieve_verb metadata_set = {.name = "test_imap_metadata_set",
                                               .kind = VERB_COMMAND,
                                               .positional = "ss",
                                               .labels = "annotation|value",
                                               .tags = metadata_tags,
                                               .run = metadata_set_run};

static bool config_set_check(struct sieve_checker *checker, struct sieve_node *node)
{
    return sieve_suite_check_strings(checker, node, 2, 3);
}

// With a third argument: VALUE names a list, and that is one more member of it.
static enum sieve_flow config_set_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0), *value = sieve_string(run, node, 1);
    g_autofree char *member = node->positional->len > 2 ? sieve_string(run, node, 2) : NULL;
    if (member)
        run->host->suite->list_add(run->host->data, value, member);
    else
        run->host->suite->config_set(run->host->data, name, value);
    return FLOW_NEXT;
}

static enum sieve_flow config_unset_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    run->host->suite->config_set(run->host->data, name, NULL);
    return FLOW_NEXT;
}

static const struct sieve_verb config_set = {.name = "test_config_set",
                                             .kind = VERB_COMMAND,
                                             .positional = "*",
                                             .check = config_set_check,
                                             .run = config_set_run};
static const struct sieve_verb config_unset = {.name = "test_config_unset",
                                               .kind = VERB_COMMAND,
                                               .positional = "s",
                                               .labels = "setting",
                                               .run = config_unset_run};

static const struct sieve_tag reload_tags[] = {{.name = "extension", .value = 's'}, {.name = NULL}};

// Settings are read when they are used: there is nothing to reload, but the name must be right.
static enum sieve_flow config_reload_run(struct sieve_run *run, const struct sieve_node *node)
{
    guint index = 0;
    g_autofree char *name = sieve_tag_string(run, node, "extension");
    if (name && !sieve_extension_find(name, &index))
        return sieve_run_fail(run, MSG_RELOAD_EXTENSION, name);
    return FLOW_NEXT;
}

static const struct sieve_verb config_reload = {.name = "test_config_reload",
                                                .kind = VERB_COMMAND,
                                                .tags = reload_tags,
                                                .run = config_reload_run};

// ---- Scripts

static bool compile_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *file = sieve_string(run, node, 0);
    return run->host->suite->compile(run->host->data, file);
}

static const struct sieve_verb script_compile = {.name = "test_script_compile",
                                                 .kind = VERB_TEST,
                                                 .positional = "s",
                                                 .labels = "script",
                                                 .test = compile_test};

static const struct sieve_tag run_tags[] = {{.name = "append_result"}, {.name = NULL}};

static bool script_run_test(struct sieve_run *run, const struct sieve_node *node)
{
    return run->host->suite->run(run->host->data, run, sieve_has_tag(node, "append_result"));
}

static const struct sieve_verb script_run = {
    .name = "test_script_run", .kind = VERB_TEST, .tags = run_tags, .test = script_run_test};

static bool multiscript_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) files = sieve_list(run, node, 0);
    return run->host->suite->multiscript(run->host->data, run, files);
}

static const struct sieve_verb multiscript = {.name = "test_multiscript",
                                              .kind = VERB_TEST,
                                              .positional = "l",
                                              .labels = "scripts",
                                              .test = multiscript_test};

static enum sieve_flow binary_run(struct sieve_run *run, const struct sieve_node *node)
{
    bool load = strcmp(node->verb->name, "test_binary_load") == 0;
    g_autofree char *name = sieve_string(run, node, 0);
    if (!run->host->suite->binary(run->host->data, name, load))
        return sieve_run_fail(run, MSG_BINARY, load ? "load" : "save", name);
    return FLOW_NEXT;
}

static const struct sieve_verb binary_load = {.name = "test_binary_load",
                                              .kind = VERB_COMMAND,
                                              .positional = "s",
                                              .labels = "binary-name",
                                              .run = binary_run};
static const struct sieve_verb binary_save = {.name = "test_binary_save",
                                              .kind = VERB_COMMAND,
                                              .positional = "s",
                                              .labels = "binary-name",
                                              .run = binary_run};

// ---- Results

static bool execute_test(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    sieve_note_implicit_keep(run);
    return run->host->suite->execute(run->host->data, run);
}

static const struct sieve_verb result_execute = {
    .name = "test_result_execute", .kind = VERB_TEST, .test = execute_test};

static enum sieve_flow reset_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    run->host->suite->reset(run->host->data, run);
    message_changed(run);
    return FLOW_NEXT;
}

static const struct sieve_verb result_reset = {
    .name = "test_result_reset", .kind = VERB_COMMAND, .run = reset_run};

static const struct sieve_tag index_tags[] = {{.name = "index", .value = 'n'}, {.name = NULL}};

// Matches the texts of LIST (taken over), all of them or the one with the number of :index.
static bool match_list(struct sieve_run *run, const struct sieve_node *node, GPtrArray *list)
{
    struct sieve_matching matching;
    guint64 index = sieve_tag_number(node, "index", 0);
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 0));
    for (guint i = 0; i < list->len; i++) {
        if ((index == 0 || index == i + 1) &&
            sieve_matching_value(&matching, g_ptr_array_index(list, i)))
            break;
    }
    g_ptr_array_unref(list);
    return sieve_matching_end(&matching);
}

static bool action_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *name = sieve_string(run, node, 0);
    g_autofree char *recipient = node->positional->len > 1 ? sieve_string(run, node, 1) : NULL;
    bool other = sieve_script_uses(run->script, "vnd.stalwart.testsuite");
    if ((recipient || other || strcmp(name, "send_message") == 0) &&
        sieve_suite_has_action(run, name, recipient))
        return true;
    if (recipient)
        return false;
    return match_list(run, node, run->host->suite->actions(run->host->data, run));
}

static const struct sieve_verb result_action = {.name = "test_result_action",
                                                .kind = VERB_TEST,
                                                .positional = "l|s",
                                                .labels = "key list|recipient",
                                                .takes = TAKES_MATCH,
                                                .octet = true,
                                                .tags = index_tags,
                                                .test = action_test};

// "E107 line 3": an error as this project's own suites name it.
static char *code_and_line(const struct sieve_diagnostic *error)
{
    return error->at.line > 0 ? g_strdup_printf("%s line %u", error->code, error->at.line)
                              : g_strdup(error->code);
}

// Which errors there are, and how many, is the language's matter; their words are each engine's
// own.
static bool asks_for_one(struct sieve_run *run, const struct sieve_node *node,
                         const GPtrArray *errors)
{
    const struct sieve_suite *suite = run->host->suite;
    guint64 index = sieve_tag_number(node, "index", 0);
    if (node->match->type == MATCH_COUNT || node->match->type == MATCH_VALUE)
        return false;
    g_autoptr(GPtrArray) keys = sieve_list(run, node, 0);
    for (guint i = 0; i < errors->len; i++) {
        for (guint k = 0; (index == 0 || index == i + 1) && k < keys->len; k++) {
            if (suite->asks_for(run->host->data, g_ptr_array_index(keys, k),
                                g_ptr_array_index(errors, i)))
                return true;
        }
    }
    return false;
}

static bool error_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autoptr(GPtrArray) errors = run->host->suite->errors(run->host->data);
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *codes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < errors->len; i++) {
        const struct sieve_diagnostic *error = g_ptr_array_index(errors, i);
        g_ptr_array_add(texts, g_strdup(error->text));
        g_ptr_array_add(codes, code_and_line(error));
    }
    // Both lists are of one length, so :count has one answer.
    bool by_text = match_list(run, node, texts), by_code = match_list(run, node, codes);
    return by_text || by_code || asks_for_one(run, node, errors);
}

static const struct sieve_verb test_error = {.name = "test_error",
                                             .kind = VERB_TEST,
                                             .positional = "l",
                                             .labels = "key list",
                                             .takes = TAKES_MATCH,
                                             .octet = true,
                                             .tags = index_tags,
                                             .test = error_test};

static const struct sieve_verb *const verbs[] = {&test_,
                                                 &test_fail,
                                                 &test_set,
                                                 &message_command,
                                                 &message_as_test,
                                                 &message_print,
                                                 &result_print,
                                                 &mailbox_create,
                                                 &mailbox_delete,
                                                 &metadata_set,
                                                 &config_set,
                                                 &config_unset,
                                                 &config_reload,
                                                 &script_compile,
                                                 &script_run,
                                                 &multiscript,
                                                 &binary_load,
                                                 &binary_save,
                                                 &result_execute,
                                                 &result_reset,
                                                 &result_action,
                                                 &test_error,
                                                 &sieve_suite_assert_message,
                                                 &sieve_suite_action_count,
                                                 NULL};

static bool available(const struct sieve_host *host)
{
    return host->suite != NULL;
}

const struct sieve_extension sieve_ext_testsuite = {
    .name = "vnd.dovecot.testsuite", .verbs = verbs, .available = available, .hidden = true};

// The same commands, as another engine's suites call them.
const struct sieve_extension sieve_ext_stalwart_testsuite = {
    .name = "vnd.stalwart.testsuite", .verbs = verbs, .available = available, .hidden = true};
