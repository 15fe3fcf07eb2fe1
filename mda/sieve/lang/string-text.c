// SPDX-License-Identifier: MIT
// The strings of a script: encoded characters (RFC 5228 §2.4.2.4) and variables (RFC 5229 §3). A
// "${" that begins neither is plain text.
#include "sieve/lang/engine.h"
#include "sieve/suite.h"

#include <string.h>

enum part_kind {
    PART_LITERAL,
    PART_VARIABLE,
    PART_GLOBAL,
    PART_MATCH,
    PART_ENVIRONMENT,
    PART_SUITE
};

struct part {
    enum part_kind kind;
    guint index; // MATCH
    char *text;  // the literal, or the name in lower case
};

static void part_free(gpointer data)
{
    struct part *part = data;
    g_free(part->text);
    g_free(part);
}

// ---- Encoded characters

// One character that no string may hold: 0 while there was none.
struct beyond {
    bool found;
    guint64 code;
};

static bool append_code(GString *out, const char *digits, gsize length, bool unicode,
                        struct beyond *beyond)
{
    g_autofree char *text = g_strndup(digits, length);
    guint64 code = g_ascii_strtoull(text, NULL, 16); // G_MAXUINT64 when it is too large
    if (!unicode) {
        if (length > 2)
            return false;
        if (code)
            g_string_append_c(out, (char)code);
        else
            g_string_append(out, SIEVE_NUL);
        return true;
    }
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        *beyond = (struct beyond){true, code};
        return true;
    }
    if (code)
        g_string_append_unichar(out, (gunichar)code);
    else
        g_string_append(out, SIEVE_NUL);
    return true;
}

// Decodes the codes between "${hex:" and "}" at AT. Returns the end or NULL when it is not one:
// then it is text, whatever stands in it (RFC 5228 §2.4.2.4).
static const char *decode_codes(GString *out, const char *at, bool unicode, struct beyond *beyond)
{
    gsize before = out->len;
    guint codes = 0;
    struct beyond seen = {0};
    for (;;) {
        at += strspn(at, " \t\r\n");
        gsize length = strspn(at, "0123456789abcdefABCDEF");
        if (length == 0)
            break;
        if (!append_code(out, at, length, unicode, &seen)) {
            g_string_truncate(out, before);
            return NULL;
        }
        codes++;
        at += length;
    }
    if (*at == '}' && codes > 0) {
        *beyond = seen;
        return at + 1;
    }
    g_string_truncate(out, before);
    return NULL;
}

static bool decode_text(struct sieve_checker *checker, struct sieve_text *text)
{
    if (!strstr(text->raw, "${"))
        return true;
    GString *out = g_string_new(NULL);
    struct beyond beyond = {0};
    for (const char *at = text->raw; *at && !beyond.found;) {
        const char *end = NULL;
        if (g_ascii_strncasecmp(at, "${hex:", 6) == 0)
            end = decode_codes(out, at + 6, false, &beyond);
        else if (g_ascii_strncasecmp(at, "${unicode:", 10) == 0)
            end = decode_codes(out, at + 10, true, &beyond);
        if (end)
            at = end;
        else
            g_string_append_c(out, *at++);
    }
    if (beyond.found)
        sieve_check_error(checker, text->at, MSG_NOT_UNICODE, (guint)MIN(beyond.code, G_MAXUINT32));
    g_free(text->raw);
    text->raw = g_string_free(out, FALSE);
    return !beyond.found;
}

// ---- Variables

bool sieve_variable_name_valid(const char *name)
{
    if (!g_ascii_isalpha(*name) && *name != '_')
        return false;
    gsize length = 0;
    for (; name[length]; length++) {
        if (!g_ascii_isalnum(name[length]) && name[length] != '_')
            return false;
    }
    return length <= SIEVE_MAX_VARIABLE_NAME;
}

static bool part_add(GPtrArray *parts, enum part_kind kind, const char *text, gsize length,
                     guint index)
{
    struct part *part = g_new0(struct part, 1);
    part->kind = kind;
    part->index = index;
    part->text =
        kind == PART_LITERAL ? g_strndup(text, length) : g_ascii_strdown(text, (gssize)length);
    g_ptr_array_add(parts, part);
    return true;
}

// NAME, behind "global.": one identifier, no number.
static bool check_global_name(struct sieve_checker *checker, struct sieve_position at,
                              const char *name)
{
    if (!strchr(name, '.') && sieve_variable_name_valid(name))
        return true;
    return sieve_check_error(checker, at, MSG_GLOBAL_NAME,
                             strchr(name, '.') ? "a dot" : "a digit first");
}

// NAME, behind "env.": no part of it is a number.
static bool check_environment_name(struct sieve_checker *checker, struct sieve_position at,
                                   const char *name)
{
    g_auto(GStrv) words = g_strsplit(name, ".", -1);
    for (guint i = 0; words[i]; i++) {
        if (g_ascii_isdigit(*words[i]))
            return sieve_check_error(checker, at, MSG_ENVIRONMENT_NAME, words[i]);
    }
    return true;
}

static bool add_namespaced(struct sieve_checker *checker, struct sieve_text *text, GPtrArray *parts,
                           const char *name, gsize length)
{
    g_autofree char *full = g_ascii_strdown(name, (gssize)length);
    char *dot = strchr(full, '.');
    *dot = '\0';
    if (strcmp(full, "global") == 0 && sieve_check_uses(checker, "include"))
        return check_global_name(checker, text->at, dot + 1) &&
               part_add(parts, PART_GLOBAL, dot + 1, strlen(dot + 1), 0);
    if (strcmp(full, "env") == 0 && sieve_check_uses(checker, "vnd.dovecot.environment"))
        return check_environment_name(checker, text->at, dot + 1) &&
               part_add(parts, PART_ENVIRONMENT, dot + 1, strlen(dot + 1), 0);
    if (strcmp(full, "tst") == 0 && checker->host->suite)
        return part_add(parts, PART_SUITE, dot + 1, strlen(dot + 1), 0);
    return sieve_check_error(checker, text->at, MSG_NO_SUCH_NAMESPACE, full);
}

// The length of a variable-ref's name at AT, 0 when it is none.
static gsize reference_length(const char *at)
{
    gsize length = 0;
    bool start = true;
    for (;; length++) {
        char c = at[length];
        if (c == '.' && !start)
            start = true;
        else if (start && !g_ascii_isalnum(c) && c != '_')
            return 0;
        else if (c == '}')
            return length;
        else if (!g_ascii_isalnum(c) && c != '_')
            return 0;
        else
            start = false;
    }
}

static bool add_reference(struct sieve_checker *checker, struct sieve_text *text, GPtrArray *parts,
                          const char *name, gsize length)
{
    if (strspn(name, "0123456789") == length) {
        guint64 index = length > 9 ? G_MAXUINT32 : g_ascii_strtoull(name, NULL, 10);
        if (index > SIEVE_MAX_MATCH_VALUES)
            return sieve_check_error(checker, text->at, MSG_MATCH_VALUE_RANGE, (guint)index,
                                     SIEVE_MAX_MATCH_VALUES);
        return part_add(parts, PART_MATCH, name, length, (guint)index);
    }
    if (memchr(name, '.', length))
        return add_namespaced(checker, text, parts, name, length);
    g_autofree char *lower = g_ascii_strdown(name, (gssize)length);
    bool global =
        checker->script->globals && g_hash_table_contains(checker->script->globals, lower);
    return part_add(parts, global ? PART_GLOBAL : PART_VARIABLE, lower, length, 0);
}

static bool split_text(struct sieve_checker *checker, struct sieve_text *text)
{
    const char *literal = text->raw;
    for (const char *at = strstr(text->raw, "${"); at; at = strstr(at, "${")) {
        gsize length = reference_length(at + 2);
        // "${1a}" is no reference: an identifier does not begin with a digit.
        if (length == 0 || (g_ascii_isdigit(at[2]) && strspn(at + 2, "0123456789") != length)) {
            at += 1;
            continue;
        }
        if (!text->parts)
            text->parts = g_ptr_array_new_with_free_func(part_free);
        if (at > literal)
            part_add(text->parts, PART_LITERAL, literal, (gsize)(at - literal), 0);
        if (!add_reference(checker, text, text->parts, at + 2, length))
            return false;
        at += length + 3;
        literal = at;
    }
    if (text->parts && *literal)
        part_add(text->parts, PART_LITERAL, literal, strlen(literal), 0);
    return true;
}

bool sieve_text_prepare(struct sieve_checker *checker, struct sieve_text *text)
{
    if (sieve_check_uses(checker, "encoded-character") && !decode_text(checker, text))
        return false;
    return !sieve_check_uses(checker, "variables") || split_text(checker, text);
}

// Words with single dots between.
static bool is_dotted(const char *name)
{
    g_autofree char *reference = g_strconcat(name, "}", NULL);
    return reference_length(reference) == strlen(name);
}

bool sieve_variable_declare(struct sieve_checker *checker, struct sieve_position at,
                            const char *name)
{
    if (g_ascii_isdigit(*name) && strspn(name, "0123456789") == strlen(name))
        return sieve_check_error(checker, at, MSG_MATCH_VALUE_SET);
    g_autofree char *lower = g_ascii_strdown(name, -1);
    char *dot = strchr(lower, '.');
    if (dot && !is_dotted(lower))
        return sieve_check_error(checker, at, MSG_VARIABLE_NAME, name);
    if (dot) {
        *dot = '\0';
        if (strcmp(lower, "global") == 0 && sieve_check_uses(checker, "include"))
            return check_global_name(checker, at, dot + 1);
        if (strcmp(lower, "env") == 0 && sieve_check_uses(checker, "vnd.dovecot.environment"))
            return check_environment_name(checker, at, dot + 1) &&
                   sieve_check_error(checker, at, MSG_ENVIRONMENT_SET, dot + 1);
        if (strcmp(lower, "tst") == 0 && checker->host->suite)
            return sieve_check_error(checker, at, MSG_SUITE_SET, dot + 1);
        return sieve_check_error(checker, at, MSG_NO_SUCH_NAMESPACE, lower);
    }
    if (!sieve_variable_name_valid(name))
        return sieve_check_error(checker, at, MSG_VARIABLE_NAME, name);
    if (g_hash_table_contains(checker->script->globals, lower))
        return true;
    bool is_new = g_hash_table_add(checker->script->locals, g_strdup(lower));
    guint most = (guint)sieve_setting_number(checker->host, "variables_max_scope_count",
                                             SIEVE_MAX_VARIABLES);
    // Told of the first that is one too many.
    if (is_new && g_hash_table_size(checker->script->locals) == most + 1)
        return sieve_check_error(checker, at, MSG_TOO_MANY_VARIABLES, name, most);
    return true;
}

const char *sieve_variable_get(struct sieve_run *run, const char *name)
{
    GHashTable *table = run->variables;
    if (g_str_has_prefix(name, "global.")) {
        table = run->globals;
        name += 7;
    } else if (g_hash_table_contains(run->script->globals, name)) {
        table = run->globals;
    }
    const char *value = g_hash_table_lookup(table, name);
    return value ? value : "";
}

void sieve_utf8_cut(char *text, gsize max)
{
    if (strlen(text) <= max)
        return;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    text[max] = '\0';
}

void sieve_variable_set(struct sieve_run *run, const char *name, char *value)
{
    sieve_utf8_cut(value, (gsize)sieve_setting_size(run->host, "variables_max_value_size",
                                                    SIEVE_MAX_VARIABLE));
    GHashTable *table = run->variables;
    if (g_str_has_prefix(name, "global.")) {
        table = run->globals;
        name += 7;
    } else if (g_hash_table_contains(run->script->globals, name)) {
        table = run->globals;
    }
    g_hash_table_replace(table, g_strdup(name), value);
}

// The item called NAME, or OTHER; NAME is taken over, the item is owned by the caller.
static char *environment_item(struct sieve_run *run, char *name, const char *other)
{
    const struct sieve_host *host = run->host;
    char *value = host->environment ? host->environment(host->data, name) : NULL;
    if (!value && host->environment)
        value = host->environment(host->data, other);
    g_free(name);
    return value;
}

static void append_part(struct sieve_run *run, GString *out, const struct part *part)
{
    g_autofree char *owned = NULL;
    const char *value = part->text;
    switch (part->kind) {
    case PART_LITERAL:
        break;
    case PART_VARIABLE:
        value = sieve_variable_get(run, part->text);
        break;
    case PART_GLOBAL:
        value = g_hash_table_lookup(run->globals, part->text);
        break;
    case PART_MATCH:
        value = run->match_values && part->index < run->match_values->len
                    ? g_ptr_array_index(run->match_values, part->index)
                    : "";
        break;
    case PART_ENVIRONMENT:
        // "default-mailbox" is written "default_mailbox" in a variable's name.
        owned = g_strdelimit(g_strdup(part->text), "_", '-');
        value = owned = environment_item(run, owned, part->text);
        break;
    case PART_SUITE:
        value = run->host->suite && strcmp(part->text, "path") == 0
                    ? run->host->suite->path(run->host->data)
                    : "";
        break;
    }
    g_string_append(out, value ? value : "");
}

char *sieve_text_expand(struct sieve_run *run, const struct sieve_text *text)
{
    char *value = sieve_text_expand_nul(run, text);
    for (char *at = value; (at = strstr(at, SIEVE_NUL));) {
        *at = ' ';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    return value;
}

char *sieve_text_expand_nul(struct sieve_run *run, const struct sieve_text *text)
{
    if (!text->parts)
        return g_strdup(text->raw);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < text->parts->len && out->len < SIEVE_MAX_STRING; i++)
        append_part(run, out, g_ptr_array_index(text->parts, i));
    return g_string_free(out, FALSE);
}
