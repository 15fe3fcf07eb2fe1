// SPDX-License-Identifier: MIT
// The settings of the engine by the names that Dovecot gives them: which there are, and what their
// values look like.
#pragma once

#include <glib.h>
#include <stdbool.h>

enum sieve_setting_kind {
    SIEVE_SETTING_SWITCH,
    SIEVE_SETTING_NUMBER,
    SIEVE_SETTING_SIZE,
    SIEVE_SETTING_TIME,
    SIEVE_SETTING_TEXT,
    SIEVE_SETTING_INSTEAD, // `does` says what to use instead
};

struct sieve_setting_row {
    const char *name;
    enum sieve_setting_kind kind;
    const char *others; // its other names, parted by blanks
    const char *does;
};

extern const struct sieve_setting_row sieve_setting_rows[];
extern const guint sieve_setting_count;

// NAME, with or without "sieve_", as the engine knows it. Owned by the caller; NULL when there is
// no such setting. *ROW_R (may be NULL) is its row.
char *sieve_setting_canonical(const char *name, const struct sieve_setting_row **row_r);

// Puts VALUE for NAME into TABLE (strings, owned by it). False with *err (MDA_ERROR_CONFIG) for a
// name that is not known, one that is written otherwise here, and a value of another kind.
bool sieve_settings_put(GHashTable *table, const char *name, const char *value,
                        GError **err) G_GNUC_WARN_UNUSED_RESULT;

// TEXT, "NAME=VALUE NAME=VALUE ...", parted at blanks and commas. A word that is no NAME=VALUE
// belongs to the value before it, with what parted them; in quotes (" or ') anything does. Each
// pair in PAIRS_R, owned by the caller. False with *err when a quote is open or nothing is set.
bool sieve_settings_split(const char *text, GPtrArray **pairs_r,
                          GError **err) G_GNUC_WARN_UNUSED_RESULT;
