// SPDX-License-Identifier: MIT
#include "base/variables.h"

#include "base/error.h"

#include <string.h>

// A name of a file may have so many bytes (NAME_MAX).
#define PART_MAX_BYTES 255

bool variables_is_safe_part(const char *text)
{
    if (*text == '.' || strlen(text) > PART_MAX_BYTES || strpbrk(text, "/:"))
        return false;
    for (; *text; text++) {
        if ((guchar)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static char *user_part(const char *user, bool domain)
{
    const char *at = strrchr(user, '@');
    if (domain)
        return g_strdup(at ? at + 1 : "");
    return at ? g_strndup(user, (gsize)(at - user)) : g_strdup(user);
}

static const struct {
    char letter;
    const char *name;
} names[] = {{'u', "user"}, {'n', "username"}, {'d', "domain"}, {'h', "home"}};

static char letter_of(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i].name, name) == 0)
            return names[i].letter;
    }
    return '\0';
}

// The value of the variable LETTER, or NULL when there is none such.
static char *value_of(char letter, const struct variables *values, GError **err)
{
    g_autofree char *value = NULL;
    if (letter == 'h' && !values->home) {
        mda_fail(err, MDA_ERROR_CONFIG, "the user has no home that %%h could stand for");
        return NULL;
    }
    if (letter == 'h')
        return g_strdup(values->home);
    if (letter == 'u')
        value = g_strdup(values->user);
    else if (letter == 'n' || letter == 'd')
        value = user_part(values->user, letter == 'd');
    if (!value) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 "there is no variable %%%c here; there are %%u %%n %%d %%h and %%{user} "
                 "%%{username} %%{domain} %%{home}",
                 letter);
        return NULL;
    }
    if (!variables_is_safe_part(value)) {
        mda_fail(err, MDA_ERROR_SYNTAX, "the user's name is no safe part of a path");
        return NULL;
    }
    return g_steal_pointer(&value);
}

// One filter of "%{name|filter}" applied to VALUE. False with *err when there is no such filter.
static bool apply(char **value, const char *filter, GError **err)
{
    char *changed = NULL;
    if (strcmp(filter, "lower") == 0)
        changed = g_ascii_strdown(*value, -1);
    else if (strcmp(filter, "upper") == 0)
        changed = g_ascii_strup(*value, -1);
    else if (strcmp(filter, "username") == 0 || strcmp(filter, "domain") == 0)
        changed = user_part(*value, *filter == 'd');
    else
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "there is no filter \"%s\" of variables here; there are lower, upper, "
                        "username, domain",
                        filter);
    g_free(*value);
    *value = changed;
    return true;
}

// "%{…}", AT behind the brace. Returns what follows it, NULL with *err.
static const char *take_long(GString *out, const char *at, const struct variables *values,
                             GError **err)
{
    const char *end = strchr(at, '}');
    if (!end) {
        mda_fail(err, MDA_ERROR_CONFIG, "a %%{ is not closed");
        return NULL;
    }
    g_autofree char *inside = g_strndup(at, (gsize)(end - at));
    g_auto(GStrv) parts = g_strsplit(inside, "|", -1);
    const char *name = parts[0] ? g_strstrip(parts[0]) : "";
    if (!letter_of(name)) {
        mda_fail(err, MDA_ERROR_CONFIG, "there is no variable %%{%s} here", name);
        return NULL;
    }
    g_autofree char *value = value_of(letter_of(name), values, err);
    for (guint i = 1; value && parts[0] && parts[i]; i++) {
        if (!apply(&value, g_strstrip(parts[i]), err))
            return NULL;
    }
    if (!value)
        return NULL;
    g_string_append(out, value);
    return end + 1;
}

// "%Ld", "%2n", "%1.2n", AT behind the percent sign. Returns what follows it, NULL with *err.
static const char *take_short(GString *out, const char *at, const struct variables *values,
                              GError **err)
{
    char *rest = NULL;
    guint64 offset = 0, width = g_ascii_isdigit(*at) ? g_ascii_strtoull(at, &rest, 10) : 0;
    bool has_width = rest != NULL, lower = false, upper = false;
    at = rest ? rest : at;
    if (has_width && *at == '.') {
        offset = width;
        width = g_ascii_strtoull(at + 1, &rest, 10);
        at = rest;
    }
    for (; *at == 'L' || *at == 'U'; at++) {
        lower = *at == 'L';
        upper = *at == 'U';
    }
    g_autofree char *value = value_of(*at, values, err);
    if (!value || ((lower || upper) && !apply(&value, lower ? "lower" : "upper", err)))
        return NULL;
    gsize length = strlen(value);
    offset = MIN(offset, length);
    g_string_append_len(out, value + offset,
                        (gssize)(has_width ? MIN(width, length - offset) : length));
    return at + 1;
}

char *variables_expand(const char *text, const struct variables *values, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (text && *text) {
        if (text[0] != '%') {
            gsize plain = strcspn(text, "%");
            g_string_append_len(out, text, (gssize)plain);
            text += plain;
        } else if (text[1] == '%') {
            g_string_append_c(out, '%');
            text += 2;
        } else if (text[1] == '{') {
            text = take_long(out, text + 2, values, err);
        } else {
            text = take_short(out, text + 1, values, err);
        }
        if (!text)
            return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
