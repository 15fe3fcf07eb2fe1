// SPDX-License-Identifier: MIT
// The words of rules/traits.rules, and what files of that name in the site's rule directories add:
// by them every message is looked at before any rule is read.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define TRAIT_FILE_NAME "traits.rules"

enum trait_list {
    TRAIT_LIST_WRITER,          // in the writer's name or address: a mail system
    TRAIT_LIST_HEADER,          // names of fields that only reports and automatic replies have
    TRAIT_LIST_TYPE,            // in Content-Type: a report's
    TRAIT_LIST_SUBJECT,         // in the subject
    TRAIT_LIST_MACHINE_HEADER,  // names of fields of trackers, schedulers, monitors …
    TRAIT_LIST_MACHINE_WRITER,  // … words in their names and addresses
    TRAIT_LIST_MACHINE_PROGRAM, // … in X-Mailer or User-Agent
    TRAIT_LIST_PERSON_PROGRAM,  // the same of programs in which people write
    TRAIT_LISTS,
};

struct trait_words {
    const char *const *words; // lower case but for fields' names; "^" in front: at the beginning
    guint count;
};
extern const struct trait_words builtin_traits[]; // made from rules/traits.rules at build time

// Does one of LIST's words occur in TEXT, which is in lower case?
bool trait_list_any(enum trait_list list, const char *text);

// All of LIST's words, borrowed until the next trait_file_read.
struct trait_words trait_list_words(enum trait_list list);

// Is the file at PATH one of traits, by its name?
bool trait_file_is(const char *path);

// Reads the file of traits at PATH; with APPLY its words are looked for from now on. False with
// *err "file:line: what" when it is wrong: then nothing of it counts.
bool trait_file_read(const char *path, bool apply, GError **err) G_GNUC_WARN_UNUSED_RESULT;
