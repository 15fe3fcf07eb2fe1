// SPDX-License-Identifier: MIT
// What the module backstop-libsieve.so exports.
#pragma once

#include "base/module.h"
#include "sieve/sieve.h"

struct libsieve_module {
    struct module_head head;
    struct sieve_engine engine;
};
