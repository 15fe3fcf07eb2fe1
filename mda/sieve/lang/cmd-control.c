// SPDX-License-Identifier: MIT
// require, if, elsif, else, stop (RFC 5228 §3).
#include "sieve/lang/registry.h"

#include <string.h>

static bool require_one(struct sieve_checker *checker, const struct sieve_text *text)
{
    guint index = 0;
    const struct sieve_extension *extension = sieve_extension_find(text->raw, &index);
    if (strcmp(text->raw, "comparator-i;octet") == 0 ||
        strcmp(text->raw, "comparator-i;ascii-casemap") == 0)
        return true;
    if (extension && sieve_extension_available(extension, checker->host, checker->script->location))
        return sieve_check_enable(checker, text->at, extension, index);
    // Suites of another engine name what only its runner has; a command of it is then unknown.
    if (checker->host->suite && g_str_has_prefix(text->raw, "vnd.stalwart."))
        return true;
    const struct sieve_verb *verb = sieve_verb_find(checker->script, text->raw, false);
    if (verb && !extension)
        return sieve_check_error(checker, text->at, MSG_REQUIRE_CORE, text->raw,
                                 sieve_verb_word(verb));
    sieve_check_error(checker, text->at, MSG_NO_SUCH_EXTENSION, text->raw);
    sieve_check_foreign(checker, text->at, text->raw);
    return false;
}

static bool require_check(struct sieve_checker *checker, struct sieve_node *node)
{
    static const char *const before[] = {"require", NULL};
    // A test suite may ask for what a block of it needs in the block.
    if (!sieve_check_uses(checker, "vnd.dovecot.testsuite") &&
        !sieve_check_uses(checker, "vnd.stalwart.testsuite") &&
        !sieve_check_stands_behind(checker, before))
        return sieve_check_error(checker, node->at, MSG_REQUIRE_LATE);
    const struct sieve_arg *arg = g_ptr_array_index(node->positional, 0);
    if (!arg->texts)
        return sieve_check_error(checker, arg->at, MSG_REQUIRE_VALUE, sieve_arg_describe(arg));
    bool ok = true;
    for (guint i = 0; i < arg->texts->len; i++)
        ok &= require_one(checker, sieve_arg_text(arg, i));
    return ok;
}

const struct sieve_verb sieve_cmd_require = {
    .name = "require", .kind = VERB_COMMAND, .positional = "?", .check = require_check};

static int branch_constant(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    return ((struct sieve_node *)g_ptr_array_index(node->tests, 0))->constant;
}

const struct sieve_verb sieve_cmd_if = {.name = "if",
                                        .kind = VERB_IF,
                                        .subtests = SUBTESTS_ONE,
                                        .takes = TAKES_BLOCK,
                                        .constant = branch_constant};

const struct sieve_verb sieve_cmd_elsif = {.name = "elsif",
                                           .kind = VERB_ELSIF,
                                           .subtests = SUBTESTS_ONE,
                                           .takes = TAKES_BLOCK,
                                           .constant = branch_constant};

const struct sieve_verb sieve_cmd_else = {.name = "else", .kind = VERB_ELSE, .takes = TAKES_BLOCK};

static enum sieve_flow stop_run(struct sieve_run *run, const struct sieve_node *node)
{
    (void)node;
    run->ended_by_stop = true;
    return FLOW_STOP;
}

const struct sieve_verb sieve_cmd_stop = {.name = "stop", .kind = VERB_COMMAND, .run = stop_run};
