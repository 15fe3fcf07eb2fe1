// SPDX-License-Identifier: MIT
// What every unit test includes last: cmocka with the headers that it wants before it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// Runs TESTS as TAP: `return tap_run(tests);`
#define tap_run(tests)                                                                             \
    (cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))
