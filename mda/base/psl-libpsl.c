// SPDX-License-Identifier: MIT
// The module backstop-psl.so: the Public Suffix List by libpsl. The system's file where it is newer
// than the one that the library was built with.
#include "base/psl.h"

#include "config.h"

#include <libpsl.h>

static const char *registrable(const char *name)
{
    static psl_ctx_t *list;
    if (!list)
        list = psl_latest(NULL);
    return list ? psl_registrable_domain(list, name) : NULL;
}

extern const struct psl_api MODULE_SYMBOL;
const struct psl_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .registrable = registrable};
