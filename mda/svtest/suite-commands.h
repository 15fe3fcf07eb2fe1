// SPDX-License-Identifier: MIT
// The commands of test suites, which the runner adds to the engine's.
#pragma once

#include "sieve/suite.h"

extern const struct sieve_extension sieve_ext_testsuite, sieve_ext_stalwart_testsuite;

// ---- The dialect of other suites (suite-commands-peers.c)

extern const struct sieve_verb sieve_suite_assert_message, sieve_suite_action_count;

// What test_set can set.
bool sieve_suite_object_known(const char *name);
// Are the arguments LEAST to MOST strings? False after reporting.
bool sieve_suite_check_strings(struct sieve_checker *checker, const struct sieve_node *node,
                               guint least, guint most);
// Has the result action NAME, to RECIPIENT when that is not NULL? The implicit keep is one.
bool sieve_suite_has_action(struct sieve_run *run, const char *name, const char *recipient);
