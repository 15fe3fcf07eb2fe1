// SPDX-License-Identifier: MIT
// true, false, not, allof, anyof (RFC 5228 §5.2, 5.3, 5.8, 5.10).
#include "sieve/lang/engine.h"

static int constant_true(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    (void)node;
    return 1;
}

static int constant_false(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    (void)node;
    return 0;
}

const struct sieve_verb sieve_tst_true = {
    .name = "true", .kind = VERB_TEST, .constant = constant_true};
const struct sieve_verb sieve_tst_false = {
    .name = "false", .kind = VERB_TEST, .constant = constant_false};

static const struct sieve_node *subtest(const struct sieve_node *node, guint n)
{
    return g_ptr_array_index(node->tests, n);
}

static int not_constant(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    int value = subtest(node, 0)->constant;
    return value < 0 ? value : !value;
}

static bool not_test(struct sieve_run *run, const struct sieve_node *node)
{
    return !sieve_run_test(run, subtest(node, 0));
}

const struct sieve_verb sieve_tst_not = {.name = "not",
                                         .kind = VERB_TEST,
                                         .subtests = SUBTESTS_ONE,
                                         .constant = not_constant,
                                         .test = not_test};

// The value of a list that one test of value SETTLES settles.
static int list_constant(const struct sieve_node *node, int settles)
{
    int value = !settles;
    for (guint i = 0; i < node->tests->len; i++) {
        int one = subtest(node, i)->constant;
        if (one == settles)
            return settles;
        if (one < 0)
            value = -1;
    }
    return value;
}

static int allof_constant(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    return list_constant(node, 0);
}

static int anyof_constant(struct sieve_checker *checker, struct sieve_node *node)
{
    (void)checker;
    return list_constant(node, 1);
}

static bool allof_test(struct sieve_run *run, const struct sieve_node *node)
{
    for (guint i = 0; i < node->tests->len; i++) {
        if (!sieve_run_test(run, subtest(node, i)))
            return false;
    }
    return true;
}

static bool anyof_test(struct sieve_run *run, const struct sieve_node *node)
{
    for (guint i = 0; i < node->tests->len && !run->failed; i++) {
        if (sieve_run_test(run, subtest(node, i)))
            return true;
    }
    return false;
}

const struct sieve_verb sieve_tst_allof = {.name = "allof",
                                           .kind = VERB_TEST,
                                           .subtests = SUBTESTS_LIST,
                                           .constant = allof_constant,
                                           .test = allof_test};
const struct sieve_verb sieve_tst_anyof = {.name = "anyof",
                                           .kind = VERB_TEST,
                                           .subtests = SUBTESTS_LIST,
                                           .constant = anyof_constant,
                                           .test = anyof_test};
