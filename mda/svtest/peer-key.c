// SPDX-License-Identifier: MIT
// The errors of other engines have other words, which are theirs; what is compared is what a suite
// means by them. Short words say nothing.
#include "svtest/peer-key.h"

#include "svtest/peer-words.h"

#include <string.h>

static const char *words_for(const char *code)
{
    static const struct {
        const char *code, *words;
    } table[] = {
#define ROW(code, words) {#code, words},
        PEER_WORDS(ROW)
#undef ROW
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].code, code) == 0)
            return table[i].words;
    }
    return "";
}

bool peer_key_asks_for(const char *key, const struct sieve_diagnostic *error)
{
    g_auto(GStrv) words = g_strsplit_set(key, " *?\\:;,.'`\"()[]", -1);
    g_autofree char *ours = g_strconcat(error->text, " ", words_for(error->code), NULL);
    g_autofree char *lower = g_ascii_strdown(ours, -1);
    guint known = 0, found = 0;
    for (guint i = 0; words[i]; i++) {
        if (strlen(words[i]) < 4)
            continue;
        g_autofree char *word = g_ascii_strdown(words[i], -1);
        known++;
        found += strstr(lower, word) != NULL;
    }
    return known > 0 && 2 * found >= known;
}
