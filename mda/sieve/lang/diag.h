// SPDX-License-Identifier: MIT
// What is wrong with a script, or with one run of it: all of it, each with its position.
#pragma once

#include "sieve/lang/messages.h"

#include <glib.h>
#include <stdbool.h>

enum sieve_severity { SIEVE_ERROR, SIEVE_WARNING, SIEVE_INFO };

struct sieve_position {
    guint line, column; // from 1; line 0: of the script as a whole
};

struct sieve_diagnostic {
    enum sieve_severity severity;
    char *file; // the script's name
    struct sieve_position at;
    char code[5]; // "E107" of messages.h; "" when the message has none
    char *text;   // printable UTF-8
};

struct sieve_diagnostics {
    GPtrArray *list; // struct sieve_diagnostic *, in the order of their discovery
    guint errors;    // how many of them are errors, those beyond the limit counted too
};

struct sieve_diagnostics *sieve_diagnostics_new(void);
void sieve_diagnostics_free(struct sieve_diagnostics *diagnostics);
void sieve_diagnostics_clear(struct sieve_diagnostics *diagnostics);

// FORMAT is one of messages.h (MSG_…), or any text without a code.
void sieve_diagnose(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                    const char *file, struct sieve_position at, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
void sieve_diagnose_v(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                      const char *file, struct sieve_position at, const char *format, va_list args)
    G_GNUC_PRINTF(5, 0);

// "file:line:column: error: text [E107]". Owned by the caller.
char *sieve_diagnostic_format(const struct sieve_diagnostic *diagnostic);

typedef struct sieve_diagnostics SieveDiagnostics;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveDiagnostics, sieve_diagnostics_free)
