// SPDX-License-Identifier: MIT
#include "bounce/phrases.h"

#include "base/text.h"

#include <string.h>

#define BUCKETS 8192 // a power of two, several times the number of phrases

struct phrase {
    char *text;
    guint16 length;
    guint16 offset; // of the four bytes that it is entered under
    guint next;     // number + 1 of the next phrase in the bucket
};

struct phrases {
    GArray *list;           // struct phrase
    GHashTable *numbers;    // text -> number + 1
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
    phrases->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    return phrases;
}

void phrases_free(struct phrases *phrases)
{
    if (!phrases)
        return;
    for (guint i = 0; i < phrases->list->len; i++)
        g_free(g_array_index(phrases->list, struct phrase, i).text);
    g_array_unref(phrases->list);
    g_hash_table_unref(phrases->numbers);
    g_free(phrases);
}

guint phrases_count(const struct phrases *phrases)
{
    return phrases->list->len;
}

// The place in TEXT whose bucket is empty, or the last one.
static guint16 choose_offset(const struct phrases *phrases, const char *text, gsize length)
{
    gsize last = MIN(length - 4, 200);
    for (gsize i = 0; i <= last; i++) {
        if (phrases->buckets[bucket_of(text + i)] == 0)
            return (guint16)i;
    }
    return (guint16)last;
}

guint phrases_add(struct phrases *phrases, const char *text)
{
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(phrases->numbers, text));
    if (known > 0)
        return known - 1;
    gsize length = MIN(strlen(text), G_MAXUINT16);
    g_assert(length >= PHRASE_MIN_BYTES);
    struct phrase phrase = {.text = g_strndup(text, length), .length = (guint16)length};
    phrase.offset = choose_offset(phrases, text, length);
    guint *bucket = &phrases->buckets[bucket_of(text + phrase.offset)];
    phrase.next = *bucket;
    g_array_append_val(phrases->list, phrase);
    *bucket = phrases->list->len;
    g_hash_table_insert(phrases->numbers, phrase.text, GUINT_TO_POINTER(phrases->list->len));
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

// Writes FROM up to END or a NUL to FOLDED, which may be the same place: ASCII in lower case, runs
// of white space as one blank. Returns the length.
static gsize fold(const char *from, const char *end, char *folded)
{
    gsize to = 0;
    for (const char *at = from; at < end && *at; at++) {
        guchar c = (guchar)*at;
        bool blank = c <= ' ';
        // a no-break space (U+00A0) is a blank too
        if (c == 0xc2 && (guchar)at[1] == 0xa0) {
            blank = true;
            at++;
        }
        if (!blank)
            folded[to++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        else if (to > 0 && folded[to - 1] != ' ')
            folded[to++] = ' ';
    }
    while (to > 0 && folded[to - 1] == ' ')
        to--;
    folded[to] = '\0';
    return to;
}

char *phrase_fold(const char *text, gssize length, gsize *length_r)
{
    gsize size = length < 0 ? strlen(text) : (gsize)length;
    char *folded;
    if (text_is_ascii(text, size)) {
        folded = g_malloc(size + 1);
        size = fold(text, text + size, folded);
    } else {
        g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);
        folded = g_utf8_strdown(valid, -1);
        size = fold(folded, folded + strlen(folded), folded);
    }
    if (length_r)
        *length_r = size;
    return folded;
}
