// SPDX-License-Identifier: MIT
#include "sieve/lang/diag.h"

#include "sieve/limits.h"

#include <string.h>

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

// What a script says goes to terminals and logs: no control characters, nothing but UTF-8.
static void make_printable(char *text)
{
    for (gsize length; *text; text += length) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        bool valid = c < (gunichar)-2;
        length = valid ? (gsize)g_unichar_to_utf8(c, NULL) : 1;
        if (!valid || c < ' ' || c == 0x7f)
            *text = '?';
    }
}

// The formats of messages.h begin with their code.
static gsize code_length(const char *format)
{
    return strchr("EWI", *format) && *format && strspn(format + 1, "0123456789") == 3 ? 4 : 0;
}

void sieve_diagnose_v(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                      const char *file, struct sieve_position at, const char *format, va_list args)
{
    if (severity == SIEVE_ERROR)
        diagnostics->errors++;
    if (diagnostics->list->len >= SIEVE_MAX_DIAGNOSTICS)
        return;
    struct sieve_diagnostic *diagnostic = g_new0(struct sieve_diagnostic, 1);
    diagnostic->severity = severity;
    diagnostic->file = g_strdup(file);
    diagnostic->at = at;
    gsize code = code_length(format);
    g_autofree char *whole = g_strdup_vprintf(format, args);
    memcpy(diagnostic->code, whole, code);
    diagnostic->text = g_strdup(whole + (code > 0 ? code + 1 : 0));
    make_printable(diagnostic->text);
    g_ptr_array_add(diagnostics->list, diagnostic);
}

void sieve_diagnose(struct sieve_diagnostics *diagnostics, enum sieve_severity severity,
                    const char *file, struct sieve_position at, const char *format, ...)
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
    GString *line = g_string_new(diagnostic->file);
    if (diagnostic->at.line > 0)
        g_string_append_printf(line, ":%u:%u", diagnostic->at.line, diagnostic->at.column);
    g_string_append_printf(line, ": %s: %s", word, diagnostic->text);
    if (*diagnostic->code)
        g_string_append_printf(line, " [%s]", diagnostic->code);
    return g_string_free(line, FALSE);
}
