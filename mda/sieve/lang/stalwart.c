// SPDX-License-Identifier: MIT
// Words that Stalwart's server has beside the standards. Scripts with them are no scripts for other
// servers; the least that can be done is to say so, and what to write instead.
#include "sieve/lang/registry.h"

#include <string.h>

struct foreign_word {
    const char *name, *instead;
    bool registered; // a standard, only not here
};

static const struct foreign_word words[] = {
    {"vnd.stalwart.while", "Sieve has no loops but foreverypart (RFC 5703), over the parts", false},
    {"vnd.stalwart.expressions", "use set with its modifiers, string, :value and :count", false},
    {"vnd.stalwart.eval", "use set with its modifiers, string, :value and :count", false},
    {"vnd.stalwart.foreveryline", "test with :matches, :regex or body :raw", false},
    {"vnd.stalwart.plugins", "use vnd.dovecot.execute or filter with a program", false},
    {"vnd.stalwart.exec", "use vnd.dovecot.execute with a program", false},
    {"vnd.stalwart.query", "use an external list (extlists, RFC 6134)", false},
    {"while", "Sieve has no loops but foreverypart (RFC 5703), over the parts", false},
    {"let", "use set (variables, RFC 5229)", false},
    {"eval", "use string with :value or :count (relational, RFC 5231)", false},
    {"continue", "write the rest of the block as the else of an if", false},
    {"foreveryline", "test with :matches, :regex or body :raw", false},
    {"exec", "use vnd.dovecot.execute with a program", false},
    {"query", "use an external list (extlists, RFC 6134)", false},
    {"convert", "give the part to a program (vnd.dovecot.filter)", true},
};

void sieve_check_foreign(struct sieve_checker *checker, struct sieve_position at, const char *name)
{
    const bool vendor = g_ascii_strncasecmp(name, "vnd.stalwart.", 13) == 0;
    const struct foreign_word *word = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(words) && !word; i++) {
        if (g_ascii_strcasecmp(words[i].name, name) == 0)
            word = &words[i];
    }
    if (!vendor && !word)
        return;
    sieve_diagnose(checker->diagnostics, SIEVE_INFO, checker->script->name, at, MSG_FOREIGN_WORD,
                   name,
                   word && word->registered ? "RFC 6558, which is not here" : "Stalwart's own",
                   word ? word->instead : "no other server has it");
}
