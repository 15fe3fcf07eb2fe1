// SPDX-License-Identifier: MIT
// Gives a parsed script its meaning: what each name stands for, and whether arguments, tests and
// blocks are as it wants them (RFC 5228 §2.6-2.9). Goes on after an error, so that all are
// reported; what is unknown is reported once.
//
// A branch whose test is known to be false is not looked into: that is how a script asks `ihave`
// for an extension before it uses it (RFC 5463 §4).
#include "sieve/lang/checker.h"
#include "sieve/lang/registry.h"

#include <string.h>

static void report(struct sieve_checker *checker, enum sieve_severity severity,
                   struct sieve_position at, const char *format, va_list args) G_GNUC_PRINTF(4, 0);
static void report(struct sieve_checker *checker, enum sieve_severity severity,
                   struct sieve_position at, const char *format, va_list args)
{
    sieve_diagnose_v(checker->diagnostics, severity, checker->script->name, at, format, args);
}

bool sieve_check_error(struct sieve_checker *checker, struct sieve_position at, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    report(checker, SIEVE_ERROR, at, format, args);
    va_end(args);
    return false;
}

void sieve_check_warn(struct sieve_checker *checker, struct sieve_position at, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    report(checker, SIEVE_WARNING, at, format, args);
    va_end(args);
}

bool sieve_script_uses(const struct sieve_script *script, const char *extension)
{
    guint index = 0;
    return sieve_extension_find(extension, &index) && script->enabled[index];
}

bool sieve_check_uses(const struct sieve_checker *checker, const char *extension)
{
    return sieve_script_uses(checker->script, extension);
}

bool sieve_check_enable(struct sieve_checker *checker, struct sieve_position at,
                        const struct sieve_extension *extension, guint index)
{
    if (checker->script->enabled[index])
        return true;
    checker->script->enabled[index] = true;
    if (extension->needs) {
        struct sieve_needy needy = {extension, at};
        g_array_append_val(checker->needy, needy);
    }
    return !extension->require || extension->require(checker, at);
}

// Is all there that the required extensions need?
static bool check_needs(struct sieve_checker *checker)
{
    for (guint i = 0; i < checker->needy->len; i++) {
        const struct sieve_needy *needy = &g_array_index(checker->needy, struct sieve_needy, i);
        for (const char *const *name = needy->extension->needs; *name; name++) {
            if (!sieve_check_uses(checker, *name))
                return sieve_check_error(checker, needy->at, MSG_EXTENSION_NEEDS,
                                         needy->extension->name, *name);
        }
    }
    return true;
}

// ---- Tests and blocks

// What looks like a test where none may stand is often a forgotten ';' or ':'.
static bool check_no_subtests(struct sieve_checker *checker, struct sieve_node *node)
{
    if (node->tests->len == 0)
        return true;
    const struct sieve_node *first = g_ptr_array_index(node->tests, 0);
    const char *word = sieve_verb_word(node->verb);
    g_autofree char *lower = g_ascii_strdown(first->name, -1);
    if (sieve_tag_find(checker->script, node->verb, lower))
        return sieve_check_error(checker, node->at, MSG_COLON_FORGOTTEN, lower, node->verb->name,
                                 word);
    const struct sieve_verb *verb = sieve_verb_find(checker->script, first->name, true);
    if (!verb || verb->kind != VERB_TEST)
        return sieve_check_error(checker, node->at, MSG_SEMICOLON_FORGOTTEN, node->verb->name,
                                 word);
    return sieve_check_error(checker, node->at, MSG_NO_TEST_WANTED, node->verb->name, word);
}

static bool check_subtests(struct sieve_checker *checker, struct sieve_node *node)
{
    const char *name = node->verb->name, *word = sieve_verb_word(node->verb);
    switch (node->verb->subtests) {
    case SUBTESTS_ONE:
        if (node->tests->len == 0)
            return sieve_check_error(checker, node->at, MSG_TEST_MISSING, name, word);
        if (node->tests->len > 1 || node->test_list)
            return sieve_check_error(checker, node->at, MSG_ONE_TEST_WANTED, name, word);
        return true;
    case SUBTESTS_LIST:
        if (node->tests->len == 0)
            return sieve_check_error(checker, node->at, MSG_TEST_LIST_MISSING, name, word);
        if (!node->test_list)
            return sieve_check_error(checker, node->at, MSG_TEST_LIST_WANTED, name, word);
        return true;
    default:
        return check_no_subtests(checker, node);
    }
}

static bool check_has_block(struct sieve_checker *checker, const struct sieve_node *node)
{
    if (node->verb->kind == VERB_TEST)
        return true;
    if ((node->verb->takes & TAKES_BLOCK) && !node->block)
        return sieve_check_error(checker, node->at, MSG_BLOCK_MISSING, node->verb->name);
    if (!(node->verb->takes & TAKES_BLOCK) && node->block)
        return sieve_check_error(checker, node->at, MSG_NO_BLOCK_WANTED, node->verb->name);
    return true;
}

static bool find_verb(struct sieve_checker *checker, struct sieve_node *node, bool as_test)
{
    const struct sieve_verb *verb = sieve_verb_find(checker->script, node->name, as_test);
    if (!verb) {
        if (!g_hash_table_add(checker->reported, g_ascii_strdown(node->name, -1)))
            return false;
        sieve_check_error(checker, node->at, MSG_NO_SUCH_VERB, as_test ? "test" : "command",
                          node->name);
        sieve_check_foreign(checker, node->at, node->name);
        return false;
    }
    if ((verb->kind == VERB_TEST) != as_test)
        return sieve_check_error(checker, node->at, MSG_VERB_MISPLACED, sieve_verb_word(verb),
                                 node->name, as_test ? "test" : "command");
    node->verb = verb;
    node->positional = g_ptr_array_new();
    node->tags = g_array_new(FALSE, FALSE, sizeof(struct sieve_tag_use));
    return true;
}

static bool check_node(struct sieve_checker *checker, struct sieve_node *node, bool as_test);

// The tests of a list are looked at up to the one that settles it.
static bool check_tests(struct sieve_checker *checker, struct sieve_node *node)
{
    bool ok = true;
    bool all = strcmp(node->verb->name, "allof") == 0;
    bool any = !all && strcmp(node->verb->name, "not") != 0;
    for (guint i = 0; i < node->tests->len; i++) {
        struct sieve_node *test = g_ptr_array_index(node->tests, i);
        ok &= check_node(checker, test, true);
        if ((all && test->constant == 0) || (any && test->constant == 1))
            break;
    }
    return ok;
}

static bool is_branch(const struct sieve_node *node)
{
    return node->verb && (node->verb->kind == VERB_ELSIF || node->verb->kind == VERB_ELSE);
}

// Is NODE a later branch of a chain in which one before it is always taken?
static bool is_settled(const struct sieve_checker *checker, const struct sieve_node *node)
{
    return is_branch(node) && checker->before &&
           (checker->before->unreachable || checker->before->constant == 1);
}

static bool check_chain(struct sieve_checker *checker, const struct sieve_node *node)
{
    const struct sieve_node *before = checker->before;
    if (!is_branch(node) || (before && before->verb &&
                             (before->verb->kind == VERB_IF || before->verb->kind == VERB_ELSIF)))
        return true;
    return sieve_check_error(checker, node->at, MSG_ELSE_WITHOUT_IF, node->verb->name);
}

// Arguments, the number of tests, the presence of a block.
static bool check_form(struct sieve_checker *checker, struct sieve_node *node)
{
    bool arguments_ok = sieve_check_arguments(checker, node);
    bool tests_ok = check_subtests(checker, node);
    return arguments_ok && tests_ok && check_has_block(checker, node);
}

// A loop is one for its block, faulty as it may be.
static bool check_inner(struct sieve_checker *checker, struct sieve_node *node)
{
    guint loops = checker->loops->len;
    if (node->verb->checks_block)
        g_ptr_array_add(checker->loops, node);
    bool ok = sieve_check_block(checker, node->block);
    g_ptr_array_set_size(checker->loops, (gint)loops);
    return ok;
}

static bool check_node(struct sieve_checker *checker, struct sieve_node *node, bool as_test)
{
    if (!find_verb(checker, node, as_test))
        return false;
    bool form_ok = check_form(checker, node), ok = form_ok;
    node->unreachable = ok && is_settled(checker, node);
    ok = ok && check_chain(checker, node);
    if (node->unreachable)
        return ok;
    if (ok && node->verb->check)
        ok = node->verb->check(checker, node);
    if (ok && node->verb->finish)
        g_ptr_array_add(checker->unfinished, node);
    if (node->verb->subtests != SUBTESTS_NONE)
        ok &= check_tests(checker, node);
    if (ok && node->verb->constant)
        node->constant = node->verb->constant(checker, node);
    if (node->block && (node->verb->takes & TAKES_BLOCK) && node->constant != 0 &&
        !(form_ok && node->verb->checks_block))
        ok &= check_inner(checker, node);
    return ok;
}

static bool is_require(const struct sieve_node *node)
{
    return g_ascii_strcasecmp(node->name, "require") == 0;
}

// Is NODE the first command behind the requires?
static bool ends_requires(const struct sieve_checker *checker, const struct sieve_node *node)
{
    return !is_require(node) && (!checker->before || is_require(checker->before));
}

bool sieve_check_block(struct sieve_checker *checker, GPtrArray *commands)
{
    bool ok = true;
    const struct sieve_node *outer_before = checker->before;
    checker->blocks++;
    checker->before = NULL;
    for (guint i = 0; i < commands->len; i++) {
        struct sieve_node *node = g_ptr_array_index(commands, i);
        if (checker->blocks == 1 && ends_requires(checker, node) && !check_needs(checker)) {
            // What follows would fail for the same reason again and again.
            ok = false;
            find_verb(checker, node, false);
            break;
        }
        ok &= check_node(checker, node, false);
        checker->before = node;
    }
    checker->before = outer_before;
    checker->blocks--;
    return ok;
}

bool sieve_check_stands_behind(const struct sieve_checker *checker, const char *const *names)
{
    if (checker->blocks > 1)
        return false;
    return !checker->before || !checker->before->verb ||
           g_strv_contains(names, checker->before->verb->name);
}
