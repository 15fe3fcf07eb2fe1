// SPDX-License-Identifier: MIT
#include "bounce/phrases.h"

#include "base/text.h"

#include <string.h>

#define BUCKETS 8192 // a power of two, several times the number of phrases

struct phrase {
    const char *text;
    guint16 length;
    guint16 offset; // of the four bytes that it is entered under
    guint next;     // number + 1 of the next phrase in the bucket
};

struct phrases {
    GArray *list;           // struct phrase
    guint buckets[BUCKETS]; // number + 1 of the first phrase
};

static guint bucket_of(const char *at)
{
    guint32 four;
    memcpy(&four, at, 4);
    return (four * 2654435761u) >> 19;
}

struct phrases *phrases_new(void)
{
    struct phrases *phrases = g_new0(struct phrases, 1);
    phrases->list = g_array_new(FALSE, FALSE, sizeof(struct phrase));
    return phrases;
}

void phrases_free(struct phrases *phrases)
{
    if (!phrases)
        return;
    g_array_unref(phrases->list);
    g_free(phrases);
}

guint phrases_count(const struct phrases *phrases)
{
    return phrases->list->len;
}

// The number + 1 of the phrase that has the text and the offset of PHRASE, from FIRST (likewise) on
// in its bucket; 0: none.
static guint find_same(const struct phrases *phrases, guint first, const struct phrase *phrase)
{
    guint number = first;
    while (number > 0) {
        const struct phrase *other = &g_array_index(phrases->list, struct phrase, number - 1);
        if (other->offset == phrase->offset && other->length == phrase->length &&
            memcmp(other->text, phrase->text, phrase->length) == 0)
            return number;
        number = other->next;
    }
    return 0;
}

// A phrase is entered at the first place in it whose bucket is empty, or at the last one. Its
// namesake went by the same places when fewer buckets were full: it is met on the way.
guint phrases_add(struct phrases *phrases, const char *text, gsize length)
{
    g_assert(length >= PHRASE_MIN_BYTES);
    struct phrase phrase = {.text = text, .length = (guint16)MIN(length, G_MAXUINT16)};
    guint16 last = (guint16)MIN(phrase.length - 4, 200);
    guint *bucket = &phrases->buckets[bucket_of(text)];
    for (;;) {
        guint same = find_same(phrases, *bucket, &phrase);
        if (same > 0)
            return same - 1;
        if (*bucket == 0 || phrase.offset == last)
            break;
        phrase.offset++;
        bucket = &phrases->buckets[bucket_of(text + phrase.offset)];
    }
    phrase.next = *bucket;
    g_array_append_val(phrases->list, phrase);
    *bucket = phrases->list->len;
    return phrases->list->len - 1;
}

guint8 *phrases_scan(const struct phrases *phrases, const char *text, gsize length)
{
    guint8 *found = g_malloc0(phrases->list->len + 1);
    for (gsize at = 0; at + 4 <= length; at++) {
        guint number = phrases->buckets[bucket_of(text + at)];
        for (; number > 0;) {
            const struct phrase *phrase = &g_array_index(phrases->list, struct phrase, number - 1);
            if (!found[number - 1] && at >= phrase->offset &&
                at - phrase->offset + phrase->length <= length &&
                memcmp(text + at - phrase->offset, phrase->text, phrase->length) == 0)
                found[number - 1] = 1;
            number = phrase->next;
        }
    }
    return found;
}

// Writes LENGTH bytes of FROM, or up to a NUL, to FOLDED, which may be the same place: ASCII in
// lower case, runs of white space as one blank. Returns the length.
static gsize fold(const char *from, gsize length, char *folded)
{
    const char *end = from + strnlen(from, length);
    char *to = folded;
    for (const char *at = from; at < end; at++) {
        guchar c = (guchar)*at;
        if (c > 'Z' && c != 0xc2) { // most letters: the short way
            *to++ = *at;
            continue;
        }
        bool no_break_space = c == 0xc2 && (guchar)at[1] == 0xa0; // U+00A0
        if (c > ' ' && !no_break_space)
            *to++ = g_ascii_tolower(*at);
        else if (to > folded && to[-1] != ' ')
            *to++ = ' ';
        at += no_break_space;
    }
    while (to > folded && to[-1] == ' ')
        to--;
    *to = '\0';
    return (gsize)(to - folded);
}

// Has TEXT, which is UTF-8, a letter beyond ASCII that lower case changes?
static bool has_wide_capital(const char *text, gsize length)
{
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
        if ((guchar)*at < 0x80)
            continue;
        GUnicodeType type = g_unichar_type(g_utf8_get_char(at));
        if (type == G_UNICODE_UPPERCASE_LETTER || type == G_UNICODE_TITLECASE_LETTER)
            return true;
    }
    return false;
}

bool phrase_fold_in_place(char *text, gsize length, gsize *length_r)
{
    if (!text_is_ascii(text, length) && has_wide_capital(text, length))
        return false;
    *length_r = fold(text, length, text);
    return true;
}

char *phrase_fold(const char *text, gssize length, gsize *length_r)
{
    gsize size = length < 0 ? strlen(text) : (gsize)length;
    char *folded;
    if (text_is_ascii(text, size)) {
        folded = g_malloc(size + 1);
        size = fold(text, size, folded);
    } else {
        g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);
        folded = g_utf8_strdown(valid, -1);
        size = fold(folded, strlen(folded), folded);
    }
    if (length_r)
        *length_r = size;
    return folded;
}
