// SPDX-License-Identifier: MIT
// What the parts of the translator share: rc-sieve.c does statements, rc-sieve-action.c actions,
// rc-sieve-condition.c, -header.c and -regex.c conditions; rc-sieve-write.c is what they write
// with.
#pragma once

#include "procmail/rc-parse.h"
#include "procmail/translate/translate.h"

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
// Appends a line to the script, indented as deep as its block.
void rc_sieve_emit(struct rc_sieve *sieve, const char *format, ...) G_GNUC_PRINTF(2, 3);
// EXTENSION (a constant) will be required at the head of the script.
void rc_sieve_need(struct rc_sieve *sieve, const char *extension);

// TEXT as a quoted string. Owned by the caller.
char *rc_sieve_string(const char *text);

// TEXT, words read as READING, with the values of variables as far as they are known at this time
// and "${name}" for those that the script sets. NULL (and a remark) when it needs others or a
// program. Owned by the caller: the words, NULL-terminated.
char **rc_sieve_words(struct rc_sieve *sieve, const char *text, enum rc_reading reading);

// The value of a variable as far as it is known, else "". Owned by SIEVE.
const char *rc_sieve_value(struct rc_sieve *sieve, const char *name);

// The mailbox that PATH stands for, "" for the inbox; NULL (and a remark) when it is no place for
// mail in Sieve. Owned by the caller.
char *rc_sieve_folder(struct rc_sieve *sieve, const char *path);
// Writes the action that files into PATH; COPY: delivery goes on.
void rc_sieve_fileinto(struct rc_sieve *sieve, const char *path, bool copy);

// What RECIPE does as Sieve actions; false (and a remark) when some of it cannot be said. COPY: the
// run goes on afterwards.
bool rc_sieve_act_folder(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy);
bool rc_sieve_act_forward(struct rc_sieve *sieve, const struct rc_statement *recipe, bool copy);
bool rc_sieve_act_pipe(struct rc_sieve *sieve, const struct rc_statement *recipe,
                       const struct rc_head *head);
// Whether RECIPE only drops messages that formail -D has seen before.
bool rc_sieve_is_duplicate_check(const struct rc_statement *recipe);

// The test that RECIPE's conditions make; "true" when it has none, NULL (and remarks) when they
// cannot be said. *match_r: the group that MATCH is, 0 for none. Owned by the caller.
char *rc_sieve_conditions(struct rc_sieve *sieve, const struct rc_statement *recipe,
                          const struct rc_head *head, guint *match_r);
