// SPDX-License-Identifier: MIT
// The comparators (RFC 4790 §9, RFC 5051).
#include "sieve/lang/match-type.h"

#include <string.h>

static gsize one_octet(const char *text)
{
    (void)text;
    return 1;
}

// A broken sequence counts octet by octet.
static gsize one_character(const char *text)
{
    gsize length = (gsize)g_utf8_skip[(guchar)*text];
    for (gsize i = 1; i < length; i++) {
        if (((guchar)text[i] & 0xc0) != 0x80)
            return 1;
    }
    return length;
}

static bool same_octets(const char *a, const char *b)
{
    gsize length = one_character(a);
    return length == one_character(b) && memcmp(a, b, length) == 0;
}

static bool same_octet(const char *a, const char *b)
{
    return *a == *b;
}

static bool octet_contains(const char *value, const char *key)
{
    return strstr(value, key) != NULL;
}

const struct sieve_comparator sieve_octet = {
    .name = "i;octet",
    .substring = true,
    .compare = strcmp,
    .contains = octet_contains,
    .character = one_octet,
    .same = same_octet,
};

static bool casemap_same(const char *a, const char *b)
{
    return g_ascii_tolower(*a) == g_ascii_tolower(*b) && (g_ascii_isalpha(*a) || same_octets(a, b));
}

static bool casemap_contains(const char *value, const char *key)
{
    gsize length = strlen(key);
    if (length == 0)
        return true;
    char first[3] = {g_ascii_tolower(*key), g_ascii_toupper(*key), '\0'};
    for (const char *at = strpbrk(value, first); at; at = strpbrk(at + 1, first)) {
        if (g_ascii_strncasecmp(at, key, length) == 0)
            return true;
    }
    return false;
}

const struct sieve_comparator sieve_ascii_casemap = {
    .name = "i;ascii-casemap",
    .substring = true,
    .compare = g_ascii_strcasecmp,
    .contains = casemap_contains,
    .character = one_character,
    .same = casemap_same,
};

// The digits in front are the number; without any it is greater than every number (RFC 4790
// §9.1.1).
static int numeric_compare(const char *a, const char *b)
{
    bool a_number = g_ascii_isdigit(*a), b_number = g_ascii_isdigit(*b);
    if (!a_number || !b_number)
        return (int)b_number - (int)a_number;
    a += strspn(a, "0");
    b += strspn(b, "0");
    gsize a_digits = strspn(a, "0123456789"), b_digits = strspn(b, "0123456789");
    if (a_digits != b_digits)
        return a_digits < b_digits ? -1 : 1;
    return strncmp(a, b, a_digits);
}

const struct sieve_comparator sieve_ascii_numeric = {
    .name = "i;ascii-numeric",
    .extension = "comparator-i;ascii-numeric",
    .compare = numeric_compare,
    .character = one_octet,
};

// RFC 5051 §2: every character to title case, then decomposed.
static char *unicode_fold(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return g_strdup(text);
    GString *titled = g_string_sized_new(strlen(text));
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        g_string_append_unichar(titled, g_unichar_totitle(g_utf8_get_char(at)));
    char *folded = g_utf8_normalize(titled->str, -1, G_NORMALIZE_NFKD);
    g_string_free(titled, TRUE);
    return folded;
}

static int unicode_compare(const char *a, const char *b)
{
    g_autofree char *a_folded = unicode_fold(a), *b_folded = unicode_fold(b);
    return strcmp(a_folded, b_folded);
}

static bool unicode_contains(const char *value, const char *key)
{
    g_autofree char *value_folded = unicode_fold(value), *key_folded = unicode_fold(key);
    return strstr(value_folded, key_folded) != NULL;
}

static bool unicode_same(const char *a, const char *b)
{
    gsize a_length = one_character(a), b_length = one_character(b);
    if (a_length == b_length && memcmp(a, b, a_length) == 0)
        return true;
    gunichar a_char = g_utf8_get_char_validated(a, (gssize)a_length);
    gunichar b_char = g_utf8_get_char_validated(b, (gssize)b_length);
    return a_char < 0x110000 && b_char < 0x110000 &&
           g_unichar_totitle(a_char) == g_unichar_totitle(b_char);
}

const struct sieve_comparator sieve_unicode_casemap = {
    .name = "i;unicode-casemap", // as in Dovecot 2.4 it is there without a require
    .substring = true,
    .compare = unicode_compare,
    .contains = unicode_contains,
    .character = one_character,
    .same = unicode_same,
};

const struct sieve_comparator *sieve_comparator_find(const char *name)
{
    static const struct sieve_comparator *const all[] = {
        &sieve_octet, &sieve_ascii_casemap, &sieve_ascii_numeric, &sieve_unicode_casemap};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_ascii_strcasecmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}
