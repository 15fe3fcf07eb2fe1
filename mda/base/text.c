// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <string.h>

char *text_printable(const char *text, gssize length, gsize max)
{
    if (!text)
        return g_strdup("");
    gsize size = length < 0 ? strlen(text) : (gsize)length;
    GString *out = g_string_sized_new(MIN(size, max) + 4);
    const char *at = text, *end = text + size;
    bool blank = false;
    while (at < end) {
        gunichar c = g_utf8_get_char_validated(at, end - at);
        if ((gint32)c < 0) {
            c = '?';
            at++;
        } else {
            at += g_unichar_to_utf8(c, NULL);
        }
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            blank = out->len > 0;
            continue;
        }
        if (c == 0 || !g_unichar_isprint(c))
            c = '?';
        if (out->len + 7 > max) {
            g_string_append(out, "...");
            break;
        }
        if (blank)
            g_string_append_c(out, ' ');
        blank = false;
        g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

bool text_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?' || g_ascii_tolower(*pattern) == g_ascii_tolower(*text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

const char *text_domain_of(const char *address)
{
    const char *at = address ? strrchr(address, '@') : NULL;
    return at && at[1] ? at + 1 : NULL;
}

GBytes *text_with_lf(GBytes *text)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(text, &size);
    GString *out = g_string_sized_new(size);
    for (gsize i = 0; i < size; i++) {
        if (data[i] != '\r' || i + 1 == size || data[i + 1] != '\n')
            g_string_append_c(out, data[i]);
    }
    return g_string_free_to_bytes(out);
}
