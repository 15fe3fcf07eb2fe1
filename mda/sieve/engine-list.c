// SPDX-License-Identifier: MIT
// The engines: ours, and libsieve's as a module.
#include "base/error.h"
#include "base/module.h"
#include "sieve/libsieve-module.h"
#include "sieve/sieve.h"

#include <string.h>

static const struct sieve_engine own = {
    .name = "backstop",
    .compile = sieve_compile,
    .execute = sieve_execute,
    .free = sieve_program_free,
    .capabilities = sieve_capabilities,
};

const struct sieve_engine *sieve_engine_get(const char *name, GError **err)
{
    if (strcmp(name, "backstop") == 0)
        return &own;
    if (strcmp(name, "libsieve") != 0) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 "no Sieve engine is called \"%s\"; there are backstop and libsieve", name);
        return NULL;
    }
    const struct libsieve_module *module =
        (const struct libsieve_module *)module_load("libsieve", err);
    return module ? &module->engine : NULL;
}
