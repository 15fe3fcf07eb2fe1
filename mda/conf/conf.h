// SPDX-License-Identifier: MIT
// The settings that are in force, and where each of them was set. Read in this order, the later one
// wins: built-in defaults, /etc/backstop/backstop.conf, the user's file, --set options. A wrong
// line is a warning with file and line; the setting keeps its former value and mail flows.
#pragma once

#include "conf/settings-table.h"

#include <glib.h>
#include <stdbool.h>

enum setting {
#define X(id, section, key, type, value, help) CONF_##id,
    SETTINGS_TABLE(X)
#undef X
        CONF_COUNT
};

enum setting_type {
    SETTING_STRING,
    SETTING_LIST,
    SETTING_BOOL,
    SETTING_CHOICE,
    SETTING_DURATION,
    SETTING_SIZE,
    SETTING_NUMBER,
    SETTING_PATH,
    SETTING_PLACE,  // PATH that may hold variables of the user (base/variables.h)
    SETTING_PLACES, // LIST of such
};

struct setting_row {
    const char *section, *key;
    enum setting_type type;
    const char *value; // the built-in default
    const char *help;
};

// The row of SETTING. Static.
const struct setting_row *conf_row(enum setting setting);

struct conf;

// The built-in defaults; HOME is what ~ stands for (NULL: ~ is left as it is).
struct conf *conf_new(const char *home);
void conf_free(struct conf *conf);

// Exchanges the settings of A and B, so that those who hold A see B's.
void conf_swap(struct conf *a, struct conf *b);

// Changes what ~ stands for, for the settings read before and after.
void conf_set_home(struct conf *conf, const char *home);

// Whose settings these are: what %u, %n and %d stand for, for the settings read before and after.
// NULL: $USER, or $LOGNAME.
void conf_set_user(struct conf *conf, const char *user);

// Replaces the variables in settings that may hold them, once all are read. False with *err when
// one of them makes no sense for this user: nothing may be filed then.
bool conf_expand(struct conf *conf, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Reads the file at PATH. Wrong lines are collected as warnings, see conf_warnings. False with *err
// only when the file cannot be read; a missing file is MDA_ERROR_GONE.
bool conf_read(struct conf *conf, const char *path, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same of TEXT, which is called NAME in messages.
void conf_read_text(struct conf *conf, const char *text, const char *name);

// Takes "section.key=value" from ORIGIN ("--set"). False with *err when it is not a setting.
bool conf_assign(struct conf *conf, const char *assignment, const char *origin,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// "path:line: what is wrong and what is right", one char * each. Borrowed.
const GPtrArray *conf_warnings(const struct conf *conf);

// The section whose settings are the Sieve engine's own, by Dovecot's names: what they mean is
// looked at where the engine is at hand. In the order in which they were read; of one name the last
// counts.
#define CONF_SIEVE_SECTION "sieve-settings"
struct conf_entry {
    char *name; // NULL: the value is a list of name=value, from [sieve] settings
    char *value, *origin;
};
const struct conf_entry *conf_sieve_settings(const struct conf *conf, guint *count_r);

// The values. Strings and lists are borrowed and never NULL (an unset one is "" or empty).
const char *conf_string(const struct conf *conf, enum setting setting); // also CHOICE and PATH
const char *const *conf_list(const struct conf *conf, enum setting setting);
bool conf_bool(const struct conf *conf, enum setting setting);
gint64 conf_milliseconds(const struct conf *conf, enum setting setting); // DURATION
gint64 conf_number(const struct conf *conf, enum setting setting);       // SIZE (bytes), NUMBER

// A CHOICE, as the enum of its words, which stand in the order of the table; tests/unit/u-conf.c
// holds them against each other.
int conf_choice(const struct conf *conf, enum setting setting);
enum choice_place { PLACE_INBOX, PLACE_JUNK }; // judgement.unknown, .suspect
enum choice_backscatter { BACKSCATTER_JUNK, BACKSCATTER_DISCARD, BACKSCATTER_MARK };
enum choice_when { WHEN_BEFORE_RULES, WHEN_AFTER_RULES };                     // judgement.when
enum choice_language { RULES_AUTO, RULES_SIEVE, RULES_PROCMAIL, RULES_NONE }; // rules.language
enum choice_home { HOME_DEFER, HOME_CREATE, HOME_REFUSE }; // users., lmtp.missing-home

// Where the value in force comes from: "built-in", "--set", "path:line". Borrowed.
const char *conf_origin(const struct conf *conf, enum setting setting);

typedef struct conf Conf;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Conf, conf_free)
