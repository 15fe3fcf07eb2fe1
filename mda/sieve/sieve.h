// SPDX-License-Identifier: MIT
// The Sieve engine (RFC 5228 and its extensions): a script and a message in, a plan out. Nothing is
// done to any mailbox here.
#pragma once

#include "plan/plan.h"
#include "sieve/host.h"
#include "sieve/lang/diag.h"

struct sieve_program;

// Compiles TEXT, and the scripts that it includes, for HOST. False: the errors are in DIAGNOSTICS.
// A program is immutable: it may be kept and run for many messages, for hosts with the same
// settings.
bool sieve_compile(const char *name, const char *text, gsize size, const struct sieve_host *host,
                   struct sieve_diagnostics *diagnostics,
                   struct sieve_program **program_r) G_GNUC_WARN_UNUSED_RESULT;
void sieve_program_free(struct sieve_program *program);

// Runs PROGRAM on HOST's message; what is to be done is added to PLAN. False when the script ended
// in an error (reported in DIAGNOSTICS, and in plan->error): the plan is the implicit keep then.
bool sieve_execute(const struct sieve_program *program, const struct sieve_host *host,
                   struct plan *plan, struct sieve_diagnostics *diagnostics);

// May a script of HOST's owner require NAME, as far as the host and its settings go? Comparators
// that are always there count.
bool sieve_may_require(const char *name, const struct sieve_host *host);

// The names of the extensions that scripts may require here, sorted. char *, owned by the caller.
GPtrArray *sieve_capabilities(const struct sieve_host *host);

// An engine behind one interface (design: libsieve is the other one).
struct sieve_engine {
    const char *name;
    bool (*compile)(const char *name, const char *text, gsize size, const struct sieve_host *host,
                    struct sieve_diagnostics *diagnostics, struct sieve_program **program_r);
    bool (*execute)(const struct sieve_program *program, const struct sieve_host *host,
                    struct plan *plan, struct sieve_diagnostics *diagnostics);
    void (*free)(struct sieve_program *program);
    GPtrArray *(*capabilities)(const struct sieve_host *host);
};

// The engine called NAME ("backstop", "libsieve"); NULL with *err when it cannot be had.
const struct sieve_engine *sieve_engine_get(const char *name, GError **err);

typedef struct sieve_program SieveProgram;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveProgram, sieve_program_free)
