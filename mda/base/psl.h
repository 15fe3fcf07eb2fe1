// SPDX-License-Identifier: MIT
// Between base/organisation.c and the module backstop-psl.so, which alone knows libpsl.
#pragma once

#include "base/module.h"

struct psl_api {
    struct module_head head;

    // The registrable part of NAME (lower case, ASCII), by the Public Suffix List, private section
    // included: "a.b.example.co.uk" has "example.co.uk". Borrowed from NAME; NULL when NAME is a
    // public suffix itself, or when there is no list.
    const char *(*registrable)(const char *name);
};
