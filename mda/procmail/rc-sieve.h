// SPDX-License-Identifier: MIT
// What the two halves of the translator share: rc-sieve.c writes statements, rc-sieve-test.c tests.
#pragma once

#include "procmail/rc-parse.h"
#include "procmail/translate.h"

struct rc_sieve {
    GString *script;
    GPtrArray *remarks;
    GHashTable *needs;  // names of extensions
    GHashTable *values; // variables whose value is known: char * -> char *
    GHashTable *moving; // variables that the script sets: char *
    guint line;         // of the statement being written
    guint depth;        // of blocks
    char *chain;        // the last recipe's test, for A and a; NULL: it was not translated
};

void rc_sieve_remark(struct rc_sieve *sieve, enum rc_remark_kind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void rc_sieve_need(struct rc_sieve *sieve, const char *extension);

// TEXT as a quoted string. Owned by the caller.
char *rc_sieve_string(const char *text);

// TEXT, words read as READING, with the values of variables as far as they are known at this time
// and "${name}" for those that the script sets. NULL (and a remark) when it needs others or a
// program. Owned by the caller: the words, NULL-terminated.
char **rc_sieve_words(struct rc_sieve *sieve, const char *text, enum rc_reading reading);

// The test that RECIPE's conditions make; "true" when it has none, NULL (and remarks) when they
// cannot be said. *match_r: the group that MATCH is, 0 for none. Owned by the caller.
char *rc_sieve_conditions(struct rc_sieve *sieve, const struct rc_statement *recipe,
                          const struct rc_head *head, guint *match_r);
