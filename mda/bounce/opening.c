// SPDX-License-Identifier: MIT
#include "bounce/opening.h"

#include "base/text.h"

#include "bounce/phrases.h"

#include <stdbool.h>
#include <string.h>

#define PARAGRAPHS_MAX 6
#define TITLE_MAX_BYTES 100

// clang-format off
static const char *const greetings[] = {
    "hi", "hello", "dear", "greetings", "good ", "hallo", "guten ", "liebe", "sehr geehrte",
    "bonjour", "cher", "chère", "madame", "hola", "estimad", "buenos", "ciao", "gentile",
    "buongiorno", "salve", "olá", "prezad", "caro", "geachte", "beste", "hej", "kære", "hei", "dzień",
    "szanown", "witaj", "dobrý", "vážen", "kedves", "tisztelt", "bună", "stimat", "poštovan",
    "здравствуйте", "уважаем", "добрый", "привет", "шановн", "доброго", "γεια", "αγαπητ", "sayın",
    "merhaba", "שלום", "مرحبا", "عزيزي", "السلام", "お客様", "您好", "尊敬的", "親愛", "안녕하세요",
};
// clang-format on

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

// A heading, a rule, a greeting: nothing is said yet. FOLDED is the paragraph as phrases see it.
static bool says_nothing(const char *folded, gsize length, const char *subject)
{
    if (length == 0 || length > TITLE_MAX_BYTES)
        return length == 0;
    bool decorated = !is_word_byte(folded[0]) && !is_word_byte(folded[length - 1]) &&
                     !strchr("\"'(<>", folded[0]);
    if (decorated || (subject && strcmp(folded, subject) == 0))
        return true;
    bool closed = strchr(",:!.", folded[length - 1]) || (guchar)folded[length - 1] >= 0x80;
    for (gsize i = 0; closed && i < G_N_ELEMENTS(greetings); i++) {
        if (g_str_has_prefix(folded, greetings[i]) && !strstr(folded, "this is"))
            return true;
    }
    return false;
}

gsize opening_length(const char *text, gsize length, const char *subject)
{
    const char *at = text, *end = text + length;
    for (guint n = 0; at < end && n < PARAGRAPHS_MAX; n++) {
        while (at < end && g_ascii_isspace(*at))
            at++;
        const char *stop = text_paragraph_end(at, end);
        gsize size = 0;
        g_autofree char *folded = phrase_fold(at, stop - at, &size);
        at = stop;
        if (!says_nothing(folded, size, subject))
            break;
    }
    return (gsize)(at - text);
}
