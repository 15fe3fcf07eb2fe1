// SPDX-License-Identifier: MIT
// The commands and tests of RFC 5228 that need no require, one a line.
#pragma once

#define SIEVE_VERB_LIST(X)                                                                         \
    X(cmd_require)                                                                                 \
    X(cmd_if)                                                                                      \
    X(cmd_elsif)                                                                                   \
    X(cmd_else)                                                                                    \
    X(cmd_stop)                                                                                    \
    X(cmd_keep)                                                                                    \
    X(cmd_discard)                                                                                 \
    X(cmd_redirect)                                                                                \
    X(tst_true)                                                                                    \
    X(tst_false)                                                                                   \
    X(tst_not)                                                                                     \
    X(tst_allof)                                                                                   \
    X(tst_anyof)                                                                                   \
    X(tst_exists)                                                                                  \
    X(tst_size)                                                                                    \
    X(tst_header)                                                                                  \
    X(tst_address)
