// SPDX-License-Identifier: MIT
// The runner of .svtest files: a simulated message, mail store, outbox and clock behind the test
// commands of sieve/suite.h. Reports in TAP on standard output, a line for each `test` block.
#pragma once

#include "base/module.h"

// What the module backstop-svtest.so exports: no delivery has a use for it.
struct svtest_api {
    struct module_head head;

    // Runs FILES (COUNT of them). LENIENT: a test_error for certain words is satisfied by any
    // error. True when every test of every file passed and every file ran to its end.
    bool (*run)(char **files, guint count, bool lenient);
};
