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

bool text_is_ascii(const char *text, gsize length)
{
    guint64 word;
    for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
        memcpy(&word, text, sizeof word);
        if (word & G_GUINT64_CONSTANT(0x8080808080808080))
            return false;
    }
    for (; length > 0; text++, length--) {
        if ((guchar)*text >= 0x80)
            return false;
    }
    return true;
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

// RFC 2047 §2: an encoded word has at most 75 characters; it ends between characters.
static void append_encoded(GString *out, const char *text, const char *text_end)
{
    while (text < text_end) {
        const char *end = text;
        while (end < text_end && g_utf8_next_char(end) - text <= 39)
            end = g_utf8_next_char(end);
        g_autofree char *base64 = g_base64_encode((const guchar *)text, (gsize)(end - text));
        g_string_append_printf(out, "=?utf-8?B?%s?=%s", base64, end < text_end ? " " : "");
        text = end;
    }
}

char *text_encode_header(const char *text)
{
    gsize length = strlen(text), begin = 0, end = length;
    while (begin < length && (guchar)text[begin] < 0x80)
        begin++;
    if (begin == length)
        return g_strdup(text);
    while ((guchar)text[end - 1] < 0x80)
        end--;
    while (begin > 0 && !strchr(" \t\r\n", text[begin - 1]))
        begin--;
    end += strcspn(text + end, " \t\r\n");
    GString *out = g_string_new_len(text, (gssize)begin);
    append_encoded(out, text + begin, text + end);
    return g_string_free(g_string_append(out, text + end), FALSE);
}

// RFC 5322 §2.1.1: lines of at most 78 characters; RFC 2047 §2: of 76 where a word is encoded.
#define LINE_MAX_PLAIN 78
#define LINE_MAX_ENCODED 76

char *text_fold_header(const char *name, const char *value)
{
    GString *out = g_string_new(" ");
    const gsize most = strstr(value, "=?") ? LINE_MAX_ENCODED : LINE_MAX_PLAIN;
    gsize column = strlen(name) + 2;
    if (g_str_has_prefix(value, "=?") && column + strcspn(value, " \t\r\n") > most) {
        g_string_assign(out, "\r\n ");
        column = 1;
    }
    for (const char *at = value; *at;) {
        gsize word = strcspn(at + 1, " \t\r\n") + 1;
        if (*at == '\r' || *at == '\n') {
            // A line break of the script's own stays one, as a fold.
            at += strspn(at, "\r\n \t");
            g_string_append(out, "\r\n\t");
            column = 1;
            continue;
        }
        if ((*at == ' ' || *at == '\t') && column + word > most) {
            g_string_append(out, "\r\n");
            column = 0;
        }
        g_string_append_len(out, at, (gssize)word);
        column += word;
        at += word;
    }
    return g_string_free(out, FALSE);
}

char *text_escaped(const char *text, bool quoted)
{
    GString *out = g_string_new(NULL);
    for (const char *at = text; *at;) {
        gunichar c = g_utf8_get_char_validated(at, -1);
        bool valid = c != (gunichar)-1 && c != (gunichar)-2;
        // What moves the cursor or turns the line round is as bad as a line end.
        bool shown = valid && (g_unichar_isprint(c) && g_unichar_type(c) != G_UNICODE_FORMAT);
        const char *next = valid ? g_utf8_next_char(at) : at + 1;
        if (*at == '\r' && at[1] == '\n') // a line end, as scripts hold it
            ;
        else if (*at == '\n' || *at == '\r' || *at == '\t')
            g_string_append(out, *at == '\n' ? "\\n" : *at == '\r' ? "\\r" : "\\t");
        else if (quoted && (*at == '"' || *at == '\\'))
            g_string_append_printf(out, "\\%c", *at);
        else if (shown)
            g_string_append_len(out, at, next - at);
        else
            for (const char *byte = at; byte < next; byte++)
                g_string_append_printf(out, "\\x%02x", (guchar)*byte);
        at = next;
    }
    return g_string_free(out, FALSE);
}

bool text_is_blank(const char *start, const char *end)
{
    while (start < end && g_ascii_isspace(*start))
        start++;
    return start == end;
}

const char *text_line_end(const char *at, const char *end)
{
    const char *stop = memchr(at, '\n', (gsize)(end - at));
    return stop ? stop : end;
}

const char *text_paragraph_end(const char *at, const char *end)
{
    while (at < end) {
        const char *stop = text_line_end(at, end);
        if (text_is_blank(at, stop))
            return at;
        at = stop < end ? stop + 1 : end;
    }
    return end;
}

bool text_is_field_name(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++) {
        if (*name <= ' ' || *name >= 127 || *name == ':')
            return false;
    }
    return true;
}

char *text_join(const GPtrArray *words, const char *separator)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(out, "%s%s", i ? separator : "",
                               (const char *)g_ptr_array_index(words, i));
    return g_string_free(out, FALSE);
}
