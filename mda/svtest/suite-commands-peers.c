// SPDX-License-Identifier: MIT
// What the suites of other engines (vnd.stalwart.testsuite) say beyond Pigeonhole's dialect: the
// last message that was sent as the one in hand, a date for currentdate, the whole text of a
// message, actions with their recipient and their number, lists and verdicts without a file. It is
// understood in every suite, so that one may be written either way.
#include "svtest/suite-commands.h"

#include "sieve/lang/match-type.h"

#include <string.h>

// ---- test_set

bool sieve_suite_object_known(const char *name)
{
    // The last eight, of RFC 6009, are our addition to the dialect.
    static const char *const objects[] = {"message",
                                          "currentdate",
                                          "envelope.from",
                                          "envelope.to",
                                          "envelope.orig_to",
                                          "envelope.auth",
                                          "envelope.notify",
                                          "envelope.orcpt",
                                          "envelope.ret",
                                          "envelope.envid",
                                          "envelope.bymode",
                                          "envelope.bytrace",
                                          "envelope.bytimeabsolute",
                                          "envelope.bytimerelative"};
    for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
        if (g_ascii_strcasecmp(objects[i], name) == 0)
            return true;
    }
    return false;
}

bool sieve_suite_check_strings(struct sieve_checker *checker, const struct sieve_node *node,
                               guint least, guint most)
{
    for (guint i = 0; i < node->positional->len; i++) {
        const struct sieve_arg *arg = g_ptr_array_index(node->positional, i);
        if (arg->kind != ARG_STRING)
            return sieve_check_error(checker, arg->at, MSG_ARGUMENT_WRONG, node->verb->name,
                                     sieve_verb_word(node->verb), "a string", (int)i + 1, "value",
                                     sieve_arg_describe(arg));
    }
    guint count = node->positional->len;
    return (count >= least && count <= most) ||
           sieve_check_error(checker, node->at, MSG_ARGUMENT_COUNT, node->verb->name,
                             sieve_verb_word(node->verb), (int)(count < least ? least : most),
                             (int)count);
}

// ---- test_assert_message

// Boundaries are drawn anew for each message: the Nth that TEXT declares is called N.
static char *without_boundaries(const char *text)
{
    g_autoptr(GRegex) declared = g_regex_new("boundary=\"?([^\"\\s;]+)", G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    GString *out = g_string_new(text);
    guint number = 0;
    for (g_regex_match(declared, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *boundary = g_match_info_fetch(match, 1);
        g_autofree char *name = g_strdup_printf("boundary-%u", ++number);
        g_string_replace(out, boundary, name, 0);
    }
    return g_string_free(out, FALSE);
}

static enum sieve_flow assert_message_run(struct sieve_run *run, const struct sieve_node *node)
{
    const struct sieve_suite *suite = run->host->suite;
    g_autofree char *wanted = sieve_string(run, node, 0);
    g_autoptr(GBytes) edited = sieve_act_message(run);
    g_autoptr(GBytes) bytes = edited ? g_bytes_ref(edited) : suite->message(run->host->data);
    g_autofree char *got = g_strndup(g_bytes_get_data(bytes, NULL), (gsize)g_bytes_get_size(bytes));
    g_autofree char *plain_got = without_boundaries(got);
    g_autofree char *plain_wanted = without_boundaries(wanted);
    if (strcmp(plain_got, plain_wanted) == 0)
        return FLOW_NEXT;
    suite->fail(run->host->data, "the message is another one");
    return FLOW_LEAVE;
}

const struct sieve_verb sieve_suite_assert_message = {.name = "test_assert_message",
                                                      .kind = VERB_COMMAND,
                                                      .positional = "s",
                                                      .labels = "message",
                                                      .run = assert_message_run};

// ---- Results

static bool action_count_test(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *wanted = sieve_string(run, node, 0);
    g_autofree char *count = g_strdup_printf("%u", run->plan->actions->len);
    return strcmp(wanted, count) == 0;
}

const struct sieve_verb sieve_suite_action_count = {.name = "test_result_action_count",
                                                    .kind = VERB_TEST,
                                                    .positional = "s",
                                                    .labels = "count",
                                                    .test = action_count_test};

static bool sends(const struct plan_action *action)
{
    return action->kind == PLAN_REDIRECT || action->kind == PLAN_VACATION ||
           action->kind == PLAN_NOTIFY;
}

bool sieve_suite_has_action(struct sieve_run *run, const char *name, const char *recipient)
{
    if (strcmp(name, "keep") == 0 && !recipient)
        return plan_keeps(run->plan);
    bool any = strcmp(name, "send_message") == 0;
    for (guint i = 0; i < run->plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(run->plan->actions, i);
        if (recipient ? action->address && strcmp(action->address, recipient) == 0 &&
                            (any || strcmp(plan_kind_name(action->kind), name) == 0)
                      : any && sends(action))
            return true;
    }
    return false;
}
