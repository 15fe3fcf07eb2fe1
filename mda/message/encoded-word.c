// SPDX-License-Identifier: MIT
// Encoded words in header text (RFC 2047; part of mime.h). Done here and not by GMime, because
// every subject that is looked at would load it. Lenient: words that run into their neighbours,
// blanks in Q words, missing padding, a character cut in two by adjacent words of one charset.
#include "message/mime.h"

#include "base/text.h"

#include <string.h>

struct encoded_word {
    const char *charset;
    gsize charset_length;
    char encoding; // 'B' or 'Q'
    const char *text;
    gsize text_length;
    const char *end;
};

// Reads the word at AT ("=?charset?B?text?=").
static bool read_word(const char *at, const char *end, struct encoded_word *word_r)
{
    if (end - at < 8 || at[0] != '=' || at[1] != '?')
        return false;
    word_r->charset = at + 2;
    const char *mark = memchr(at + 2, '?', (gsize)(end - at - 2));
    if (!mark || mark == at + 2 || mark - at > 80 || end - mark < 4 || mark[2] != '?')
        return false;
    const char *star = memchr(at + 2, '*', (gsize)(mark - at - 2)); // RFC 2231 §5: a language
    word_r->charset_length = (gsize)((star ? star : mark) - word_r->charset);
    word_r->encoding = g_ascii_toupper(mark[1]);
    word_r->text = mark + 3;
    const char *close = word_r->text;
    while ((close = memchr(close, '?', (gsize)(end - close))) &&
           (end - close < 2 || close[1] != '='))
        close++;
    if (!close || (word_r->encoding != 'B' && word_r->encoding != 'Q'))
        return false;
    word_r->text_length = (gsize)(close - word_r->text);
    word_r->end = close + 2;
    return true;
}

static void append_q(GString *bytes, const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        bool hex = text[i] == '=' && i + 2 < length && g_ascii_isxdigit(text[i + 1]) &&
                   g_ascii_isxdigit(text[i + 2]);
        if (hex) {
            g_string_append_c(bytes, (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
                                            g_ascii_xdigit_value(text[i + 2])));
            i += 2;
        } else {
            g_string_append_c(bytes, text[i] == '_' ? ' ' : text[i]);
        }
    }
}

static void append_b(GString *bytes, const char *text, gsize length)
{
    gint state = 0;
    guint save = 0;
    g_autofree guchar *out = g_malloc(length + 4);
    gsize size = g_base64_decode_step(text, length, out, &state, &save);
    gsize rest = (gsize)(4 - (state & 3)) % 4; // what the missing padding held
    if (rest > 0 && state != 0)
        size += g_base64_decode_step("===", rest, out + size, &state, &save);
    g_string_append_len(bytes, (const char *)out, (gssize)size);
}

static void flush_bytes(GString *out, GString *bytes, const char *charset)
{
    if (bytes->len == 0)
        return;
    gsize length = 0;
    g_autofree char *utf8 = mime_to_utf8(bytes->str, bytes->len, charset, &length);
    g_string_append_len(out, utf8, (gssize)length);
    g_string_truncate(bytes, 0);
}

static void append_plain(GString *out, const char *text, gsize length)
{
    g_autofree char *utf8 = mime_to_utf8(text, length, NULL, &length);
    g_string_append_len(out, utf8, (gssize)length);
}

// Only blanks stand between two words, which then belong together.
static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static char *decode_words(const char *value, gsize length)
{
    const char *at = value, *end = value + length;
    GString *out = g_string_sized_new(length);
    g_autoptr(GString) bytes = g_string_new(NULL);
    g_autofree char *charset = NULL;
    const char *plain = at;
    bool behind_word = false;
    while (at < end) {
        struct encoded_word word;
        if (*at != '=' || !read_word(at, end, &word)) {
            at++;
            continue;
        }
        bool adjacent = behind_word && skip_blanks(plain, at) == at;
        g_autofree char *name = g_strndup(word.charset, word.charset_length);
        if (!adjacent || g_strcmp0(name, charset) != 0)
            flush_bytes(out, bytes, charset);
        if (!adjacent)
            append_plain(out, plain, (gsize)(at - plain));
        g_free(charset);
        charset = g_steal_pointer(&name);
        word.encoding == 'B' ? append_b(bytes, word.text, word.text_length)
                             : append_q(bytes, word.text, word.text_length);
        at = plain = word.end;
        behind_word = true;
    }
    flush_bytes(out, bytes, charset);
    append_plain(out, plain, (gsize)(end - plain));
    return g_string_free(out, FALSE);
}

char *mime_decode_header(const char *value, gssize length)
{
    return mime_decode_header_in(value, length, NULL);
}

char *mime_decode_header_in(const char *value, gssize length, const char *charset)
{
    g_autofree char *copy = length < 0 ? g_strdup(value) : g_strndup(value, (gsize)length);
    g_strdelimit(copy, "\r\n", ' ');
    if (strstr(copy, "=?")) {
        g_autofree char *decoded = decode_words(copy, strlen(copy));
        g_strdelimit(decoded, "\r\n", ' '); // a word must not make a new line
        return g_steal_pointer(&decoded);
    }
    gsize size = strlen(copy);
    bool plain = text_is_ascii(copy, size) && !memchr(copy, 0x1b, size);
    return plain ? g_steal_pointer(&copy) : mime_to_utf8(copy, size, charset, NULL);
}
