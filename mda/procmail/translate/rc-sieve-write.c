// SPDX-License-Identifier: MIT
// What all parts of the translator write with: lines of the script, remarks, strings, and the text
// of an rc file with the variables put in.
#include "procmail/translate/rc-sieve.h"

#include <string.h>

void rc_sieve_remark(struct rc_sieve *sieve, enum rc_remark_kind kind, const char *format, ...)
{
    va_list arguments;
    struct rc_remark *remark = g_new0(struct rc_remark, 1);
    remark->line = sieve->line;
    remark->kind = kind;
    va_start(arguments, format);
    remark->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(sieve->remarks, remark);
}

void rc_sieve_need(struct rc_sieve *sieve, const char *extension)
{
    g_hash_table_add(sieve->needs, (gpointer)extension);
}

char *rc_sieve_string(const char *text)
{
    GString *quoted = g_string_new("\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *text);
    }
    return g_string_free(g_string_append_c(quoted, '"'), FALSE);
}

void rc_sieve_emit(struct rc_sieve *sieve, const char *format, ...)
{
    va_list arguments;
    for (guint i = 0; i < sieve->depth; i++)
        g_string_append(sieve->script, "    ");
    va_start(arguments, format);
    g_string_append_vprintf(sieve->script, format, arguments);
    va_end(arguments);
    g_string_append_c(sieve->script, '\n');
}

// --- values

struct written_lookup {
    struct rc_sieve *sieve;
    bool lost;
    char *scratch;
};

static const char *lookup_value(void *context, const char *name)
{
    struct written_lookup *lookup = context;
    struct rc_sieve *sieve = lookup->sieve;
    if (g_hash_table_contains(sieve->moving, name)) {
        rc_sieve_need(sieve, "variables");
        g_free(lookup->scratch);
        return lookup->scratch = g_strdup_printf("${%s}", name);
    }
    const char *value = g_hash_table_lookup(sieve->values, name);
    if (!value) {
        lookup->lost = true;
        rc_sieve_remark(sieve, RC_LOST, "what $%s is cannot be known here", name);
    }
    return value;
}

static char *lookup_output(void *context, const char *command, gsize limit)
{
    struct written_lookup *lookup = context;
    (void)limit;
    lookup->lost = true;
    rc_sieve_remark(lookup->sieve, RC_LOST, "what `%s` prints cannot be known here", command);
    return g_strdup("");
}

static void lookup_complain(void *context, const char *what, const char *quoted)
{
    struct written_lookup *lookup = context;
    lookup->lost = true;
    rc_sieve_remark(lookup->sieve, RC_LOST, "%s%s%s", what, quoted ? " " : "",
                    quoted ? quoted : "");
}

char **rc_sieve_words(struct rc_sieve *sieve, const char *text, enum rc_reading reading)
{
    struct written_lookup lookup = {.sieve = sieve};
    struct rc_scope scope = {&lookup, lookup_value, lookup_output, lookup_complain};
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    rc_expand(&source, reading, &scope, NULL, 64 * 1024, &words);
    char **vector = rc_words_vector(&words, NULL);
    if (words.overflow || words.arguments >= 0)
        lookup.lost = true;
    rc_words_clear(&words);
    g_free(lookup.scratch);
    if (!lookup.lost && vector[0])
        return vector;
    g_strfreev(vector);
    return NULL;
}

const char *rc_sieve_value(struct rc_sieve *sieve, const char *name)
{
    const char *value = g_hash_table_lookup(sieve->values, name);
    return value ? value : "";
}
