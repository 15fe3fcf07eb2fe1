// SPDX-License-Identifier: MIT
// What doctor learns from the reports that came: what they would become, what each source of
// evidence says of them, which source contradicts a proof, and how letters of ours left.
#pragma once

#include "conf/conf.h"

#include <glib.h>
#include <stdbool.h>

// How often each of several values was seen.
struct doctor_values {
    GHashTable *counts; // char * -> guint
    guint total;        // of how many letters
};

struct doctor_seen;

// Judges the last reports in FOLDER (NULL: in the inbox and Junk). Changes nothing.
struct doctor_seen *doctor_look(const struct conf *conf, const char *folder);
void doctor_seen_free(struct doctor_seen *seen);

// What would become of them, and what speaks against which source.
void doctor_print_reports(const struct doctor_seen *seen);

// The hosts by which letters that are surely ours left, by name or else by address; and who wrote
// them. Borrowed.
const struct doctor_values *doctor_relays(const struct doctor_seen *seen);
const struct doctor_values *doctor_authors(const struct doctor_seen *seen);

// The accounts that no setting names on whose mail reports came here. Borrowed.
const struct doctor_values *doctor_others(const struct doctor_seen *seen);

// How many letters bear a Message-ID that was put in place of theirs behind whoever records them.
guint doctor_replaced(const struct doctor_seen *seen);

// Of the letters that another source proves ours: how many there are, and how many the ledger
// knows.
guint doctor_known(const struct doctor_seen *seen, guint *in_ledger_r);

// "mail.example.org out.example.org": the values that at least one letter in ten has, the most
// frequent first, and in *COUNT_R how many letters have them. NULL when there is none. Owned by the
// caller.
char *doctor_values_join(const struct doctor_values *values, guint *count_r);

typedef struct doctor_seen DoctorSeen;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorSeen, doctor_seen_free)
