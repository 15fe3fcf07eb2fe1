// SPDX-License-Identifier: MIT
// The runner of .svtest files: a simulated message, mail store, outbox and clock behind the test
// commands of sieve/suite.h. Reports in TAP on standard output, a line for each `test` block.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Runs FILES (COUNT of them). LENIENT: a test_error for certain words is satisfied by any error.
// True when every test of every file passed and every file ran to its end.
bool sieve_suite_run(char **files, guint count, bool lenient);
