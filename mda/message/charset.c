// SPDX-License-Identifier: MIT
// Text of any charset to UTF-8 (part of mime.h). Declared charsets are often wrong in automatic
// mail: us-ascii over 8-bit text, ISO-2022-JP without any declaration, names that nobody
// registered. What cannot be converted is guessed, and no byte is ever a reason to give up.
#include "message/mime.h"

#include "base/text.h"

#include <string.h>

static const struct {
    const char *name, *real;
} aliases[] = {
    {"ks_c_5601-1987", "CP949"},
    {"ks_c_5601", "CP949"},
    {"x-sjis", "CP932"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"utf8", "UTF-8"},
    {"utf_8", "UTF-8"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"x-mac-roman", "MACINTOSH"},
    {"cp-850", "CP850"},
    {"iso-2022-jp", "ISO-2022-JP-3"},
    {"x-user-defined", "ISO-8859-1"},
    {"big5", "BIG5-HKSCS"},
};

static bool is_plain(const char *text, gsize length)
{
    return text_is_ascii(text, length) && !memchr(text, 0x1b, length);
}

static bool looks_japanese(const char *text, gsize length)
{
    for (const char *at = text; (at = memchr(at, 0x1b, (gsize)(text + length - at))); at++) {
        if (text + length - at > 2 && (at[1] == '$' || at[1] == '('))
            return true;
    }
    return false;
}

// Converts as far as it goes; a wrong byte becomes '?'. NULL when the charset is unknown.
static GString *convert(const char *text, gsize length, const char *charset, gsize *wrong_r)
{
    GIConv conv = g_iconv_open("UTF-8", charset);
    if (conv == (GIConv)-1)
        return NULL;
    GString *out = g_string_sized_new(length + length / 2 + 16);
    char *in = (char *)text;
    gsize left = length;
    *wrong_r = 0;
    while (left > 0) {
        char buffer[4096];
        char *to = buffer;
        gsize room = sizeof buffer;
        gsize before = left;
        gsize result = g_iconv(conv, &in, &left, &to, &room);
        g_string_append_len(out, buffer, to - buffer);
        if (result == (gsize)-1 && left > 0 && room >= 16) {
            g_string_append_c(out, '?');
            in++;
            left--;
            ++*wrong_r;
        } else if (before == left && to == buffer) {
            break;
        }
    }
    g_iconv_close(conv);
    return out;
}

static const char *real_name(const char *charset)
{
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (g_ascii_strcasecmp(aliases[i].name, charset) == 0)
            return aliases[i].real;
    }
    return charset;
}

static GString *guess(const char *text, gsize length)
{
    gsize wrong = 0;
    GString *out = NULL;
    if (looks_japanese(text, length))
        out = convert(text, length, "ISO-2022-JP-3", &wrong);
    else if (g_utf8_validate(text, (gssize)length, NULL))
        out = g_string_new_len(text, (gssize)length);
    if (!out)
        out = convert(text, length, "WINDOWS-1252", &wrong);
    return out ? out : g_string_new_len(text, (gssize)length);
}

// Lines end in LF, NULs become blanks; in place. There is room for a NUL behind the text.
static gsize tidy(char *text, gsize length)
{
    gsize to = memchr(text, '\r', length) || memchr(text, 0, length) ? 0 : length;
    for (gsize i = to; i < length; i++) {
        char c = text[i];
        if (c == '\r') {
            if (i + 1 < length && text[i + 1] == '\n')
                continue;
            c = '\n';
        }
        text[to++] = c ? c : ' ';
    }
    text[to] = '\0';
    return to;
}

static bool is_named(const char *charset)
{
    return charset && *charset && strlen(charset) < 40 &&
           g_ascii_strcasecmp(charset, "us-ascii") != 0;
}

// Does CHARSET write other characters with ASCII bytes too (beside ISO 2022, which has escapes)?
static bool is_shifted(const char *charset)
{
    return is_named(charset) &&
           (g_ascii_strncasecmp(charset, "utf-16", 6) == 0 || strstr(real_name(charset), "UTF-7"));
}

static char *converted(const char *text, gsize length, const char *charset, gsize *length_r)
{
    GString *out = NULL;
    gsize wrong = 0;
    bool escapes = looks_japanese(text, length);
    if (is_named(charset) && (!escapes || g_ascii_strncasecmp(charset, "iso-2022", 8) == 0))
        out = convert(text, length, real_name(charset), &wrong);
    if (out && wrong > 0 && !escapes && g_utf8_validate(text, (gssize)length, NULL)) {
        g_string_free(out, TRUE);
        out = NULL;
    }
    if (!out)
        out = guess(text, length);
    *length_r = tidy(out->str, out->len);
    char *result = g_string_free(out, FALSE);
    if (g_utf8_validate(result, (gssize)*length_r, NULL))
        return result;
    char *valid = g_utf8_make_valid(result, (gssize)*length_r);
    g_free(result);
    *length_r = strlen(valid);
    return valid;
}

char *mime_to_utf8(const char *text, gsize length, const char *charset, gsize *length_r)
{
    gsize size = 0;
    char *result;
    if (!text || length == 0) {
        result = g_strdup("");
    } else if (is_plain(text, length) && !is_shifted(charset)) {
        result = g_malloc(length + 1);
        memcpy(result, text, length);
        size = tidy(result, length);
    } else {
        result = converted(text, length, charset, &size);
    }
    if (length_r)
        *length_r = size;
    return result;
}
