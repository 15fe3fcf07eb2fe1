// SPDX-License-Identifier: MIT
#include "sieve/lang/diag.h"

#include "sieve/limits.h"

static void diagnostic_free(gpointer data)
{
    struct sieve_diagnostic *diagnostic = data;
    g_free(diagnostic->file);
    g_free(diagnostic->text);
    g_free(diagnostic);
}

struct sieve_diagnostics *sieve_diagnostics_new(void)
{
    struct sieve_diagnostics *diagnostics = g_new0(struct sieve_diagnostics, 1);
    diagnostics->list = g_ptr_array_new_with_free_func(diagnostic_free);
    return diagnostics;
}

void sieve_diagnostics_free(struct sieve_diagnostics *diagnostics)
{
    if (!diagnostics)
        return;
    g_ptr_array_unref(diagnostics->list);
    g_free(diagnostics);
}

void sieve_diagnostics_clear(struct sieve_diagnostics *diagnostics)
{
    g_ptr_array_set_size(diagnostics->list, 0);
    diagnostics->errors = 0;
}

void sieve_diagnose_v(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                      const char *file, struct sieve_place at, const char *format, va_list args)
{
    if (severity == SIEVE_ERROR)
        diagnostics->errors++;
    if (diagnostics->list->len >= SIEVE_MAX_DIAGNOSTICS)
        return;
    struct sieve_diagnostic *diagnostic = g_new0(struct sieve_diagnostic, 1);
    diagnostic->severity = severity;
    diagnostic->file = g_strdup(file);
    diagnostic->at = at;
    diagnostic->text = g_strdup_vprintf(format, args);
    g_ptr_array_add(diagnostics->list, diagnostic);
}

void sieve_diagnose(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                    const char *file, struct sieve_place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sieve_diagnose_v(diagnostics, severity, file, at, format, args);
    va_end(args);
}

char *sieve_diagnostic_format(const struct sieve_diagnostic *diagnostic)
{
    static const char *const words[] = {
        [SIEVE_ERROR] = "error", [SIEVE_WARNING] = "warning", [SIEVE_INFO] = "info"};
    const char *word = words[diagnostic->severity];
    if (diagnostic->at.line == 0)
        return g_strdup_printf("%s: %s: %s", diagnostic->file, word, diagnostic->text);
    return g_strdup_printf("%s:%u:%u: %s: %s", diagnostic->file, diagnostic->at.line,
                           diagnostic->at.column, word, diagnostic->text);
}
