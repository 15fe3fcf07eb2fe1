// SPDX-License-Identifier: MIT
#include "sieve/settings.h"

#include "base/error.h"
#include "base/quantity.h"
#include "base/text.h"
#include "sieve/settings-list.h"

#include <string.h>

#define X(name, kind, others, does) {name, SIEVE_SETTING_##kind, others, does},
const struct sieve_setting_row sieve_setting_rows[] = {SIEVE_SETTING_LIST(X)};
#undef X
const guint sieve_setting_count = G_N_ELEMENTS(sieve_setting_rows);

// Does NAME fit PATTERN, whose one * takes a word? What it took in *WORD_R, owned by the caller.
static bool fits(const char *pattern, const char *name, char **word_r)
{
    const char *star = strchr(pattern, '*');
    if (!star)
        return strcmp(pattern, name) == 0;
    gsize before = (gsize)(star - pattern), after = strlen(star + 1), length = strlen(name);
    if (length <= before + after || strncmp(pattern, name, before) != 0 ||
        strcmp(star + 1, name + length - after) != 0 ||
        memchr(name + before, '/', length - before - after))
        return false;
    *word_r = g_strndup(name + before, length - before - after);
    return true;
}

static bool row_fits(const struct sieve_setting_row *row, const char *name, char **word_r)
{
    if (fits(row->name, name, word_r))
        return true;
    g_auto(GStrv) others = g_strsplit(row->others, " ", -1);
    for (guint i = 0; others[i]; i++) {
        if (*others[i] && fits(others[i], name, word_r))
            return true;
    }
    return false;
}

char *sieve_setting_canonical(const char *name, const struct sieve_setting_row **row_r)
{
    const char *bare = g_str_has_prefix(name, "sieve_") ? name + strlen("sieve_") : name;
    for (guint i = 0; i < sieve_setting_count; i++) {
        const struct sieve_setting_row *row = &sieve_setting_rows[i];
        g_autofree char *word = NULL;
        if (!row_fits(row, bare, &word))
            continue;
        if (row_r)
            *row_r = row;
        const char *star = strchr(row->name, '*');
        return star && word
                   ? g_strdup_printf("%.*s%s%s", (int)(star - row->name), row->name, word, star + 1)
                   : g_strdup(row->name);
    }
    return NULL;
}

// What a value of KIND looks like. NULL: anything does.
static const char *wanted(enum sieve_setting_kind kind)
{
    static const char *const words[] = {
        [SIEVE_SETTING_SWITCH] = "yes or no",
        [SIEVE_SETTING_NUMBER] = "a whole number",
        [SIEVE_SETTING_SIZE] = "a size such as 4k or 1M",
        [SIEVE_SETTING_TIME] = "a time such as 30s, 5m, 12h or 7d",
        [SIEVE_SETTING_INSTEAD] = NULL,
    };
    return words[kind];
}

static bool value_fits(enum sieve_setting_kind kind, const char *value)
{
    static const char *const switches[] = {"yes", "no", "true", "false", "y", "n", "1", "0", NULL};
    gint64 ignored = 0;
    g_autofree char *lower = g_ascii_strdown(value, -1);
    // Nothing stands for the default, as in Dovecot.
    if (!*value)
        return true;
    switch (kind) {
    case SIEVE_SETTING_SWITCH:
        return g_strv_contains(switches, lower);
    case SIEVE_SETTING_NUMBER:
        return quantity_number(value, &ignored);
    case SIEVE_SETTING_SIZE:
        return quantity_size(value, &ignored);
    case SIEVE_SETTING_TIME:
        return quantity_duration(value, &ignored);
    default:
        return true;
    }
}

bool sieve_settings_put(GHashTable *table, const char *name, const char *value, GError **err)
{
    const struct sieve_setting_row *row = NULL;
    g_autofree char *canonical = sieve_setting_canonical(name, &row);
    g_autofree char *shown = text_printable(name, -1, 80);
    g_autofree char *shown_value = text_printable(value, -1, 80);
    g_autofree char *trimmed = g_strstrip(g_strdup(value));
    if (!canonical)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "there is no setting '%s'; `backstop sieve settings` lists them", shown);
    if (row->kind == SIEVE_SETTING_INSTEAD)
        return mda_fail(err, MDA_ERROR_CONFIG, "'%s' is no setting here: %s", shown, row->does);
    if (!value_fits(row->kind, trimmed))
        return mda_fail(err, MDA_ERROR_CONFIG, "%s = %s: expected %s", shown, shown_value,
                        wanted(row->kind));
    g_hash_table_replace(table, g_steal_pointer(&canonical), g_steal_pointer(&trimmed));
    return true;
}

// ---- A list of them

static bool is_name_character(char c)
{
    return g_ascii_isalnum(c) || strchr("_-/.", c);
}

// Does NAME= stand at AT, perhaps behind a quote?
static bool begins_pair(const char *at)
{
    const char *start = at + (*at == '"' || *at == '\'');
    const char *end = start;
    while (*end && is_name_character(*end))
        end++;
    return end > start && *end == '=';
}

// Copies what stands in quotes at *AT. A backslash takes a quote or a backslash literally and is
// itself before anything else, for values are regular expressions. False when it is not closed.
static bool take_quoted(const char **at, GString *out)
{
    const char quote = *(*at)++;
    while (**at && **at != quote) {
        *at += quote == '"' && **at == '\\' && ((*at)[1] == '"' || (*at)[1] == '\\');
        g_string_append_c(out, *(*at)++);
    }
    if (!**at)
        return false;
    (*at)++;
    return true;
}

static bool take_pair(const char **at, GString *out)
{
    while (**at) {
        if (**at == '"' || **at == '\'') {
            // Inside a word a quote stands for itself unless the value begins with it.
            bool opens = out->len == 0 || out->str[out->len - 1] == '=' ||
                         strchr(" \t,", out->str[out->len - 1]);
            if (opens && !take_quoted(at, out))
                return false;
            if (opens)
                continue;
        }
        gsize gap = strspn(*at, " \t,");
        if (gap > 0 && (!(*at)[gap] || begins_pair(*at + gap)))
            break;
        g_string_append_c(out, *(*at)++);
    }
    return true;
}

bool sieve_settings_split(const char *text, GPtrArray **pairs_r, GError **err)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    const char *at = text + strspn(text, " \t,");
    while (*at) {
        g_autoptr(GString) pair = g_string_new(NULL);
        g_autofree char *shown = text_printable(at, -1, 60);
        if (!begins_pair(at))
            return mda_fail(err, MDA_ERROR_CONFIG, "\"%s\" is not NAME=VALUE", shown);
        if (!take_pair(&at, pair))
            return mda_fail(err, MDA_ERROR_CONFIG, "\"%s\": a quote is not closed", shown);
        g_ptr_array_add(pairs, g_strdup(pair->str));
        at += strspn(at, " \t,");
    }
    *pairs_r = g_steal_pointer(&pairs);
    return true;
}
