// SPDX-License-Identifier: MIT
#include "conf/conf.h"

#include "base/error.h"
#include "base/files.h"
#include "base/quantity.h"
#include "base/text.h"
#include "base/variables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A configuration is written by hand.
#define CONF_MAX_BYTES (1024 * 1024)

static const struct setting_row rows[CONF_COUNT] = {
#define X(id, section, key, type, value, help)                                                     \
    [CONF_##id] = {section, key, SETTING_##type, value, help},
    SETTINGS_TABLE(X)
#undef X
};

struct value {
    char *text;    // as it was written
    char *path;    // PATH with ~ replaced, else NULL
    char **list;   // LIST, else NULL
    gint64 number; // BOOL, CHOICE (which), DURATION (ms), SIZE (bytes), NUMBER
    char *origin;
};

struct conf {
    char *home;
    char *user; // NULL: the caller
    struct value values[CONF_COUNT];
    GPtrArray *warnings;
    GArray *sieve_settings; // struct conf_entry
};

const struct setting_row *conf_row(enum setting setting)
{
    return &rows[setting];
}

static bool is_list(const struct setting_row *row)
{
    return row->type == SETTING_LIST || row->type == SETTING_PLACES;
}

static bool is_path(const struct setting_row *row)
{
    return row->type == SETTING_PATH || row->type == SETTING_PLACE;
}

// Which of the choices that HELP begins with TEXT is, from 0 on.
static bool parse_choice(const char *help, const char *text, gint64 *number_r)
{
    g_autofree char *words = g_strndup(help, strcspn(help, ":"));
    g_auto(GStrv) choices = g_strsplit(words, "|", -1);
    for (guint i = 0; choices[i]; i++) {
        if (strcmp(g_strstrip(choices[i]), text) == 0) {
            *number_r = i;
            return true;
        }
    }
    return false;
}

// What a value of this row looks like, for messages. Owned by the caller.
static char *expected(const struct setting_row *row)
{
    switch (row->type) {
    case SETTING_BOOL:
        return g_strdup("yes or no");
    case SETTING_CHOICE:
        return g_strndup(row->help, strcspn(row->help, ":"));
    case SETTING_DURATION:
        return g_strdup("a time such as 30d, 12h, 5m, 10s or 250ms");
    case SETTING_SIZE:
        return g_strdup("a size such as 512k, 10M or 2G");
    case SETTING_NUMBER:
        return g_strdup("a whole number");
    default:
        return g_strdup("text");
    }
}

static bool parse_boolean(const char *text, gint64 *number_r)
{
    bool yes = false;
    const bool sound = quantity_boolean(text, &yes);
    *number_r = yes;
    return sound;
}

static bool parse_value(const struct setting_row *row, const char *text, gint64 *number_r)
{
    switch (row->type) {
    case SETTING_BOOL:
        return parse_boolean(text, number_r);
    case SETTING_CHOICE:
        return parse_choice(row->help, text, number_r);
    case SETTING_DURATION:
        return quantity_duration(text, number_r);
    case SETTING_SIZE:
        return quantity_size(text, number_r);
    case SETTING_NUMBER:
        return quantity_number(text, number_r);
    default:
        return true;
    }
}

// Words between blanks or commas; what stands in double quotes is no end of a word, so that a
// folder may be called "Sent Items".
static char **split_list(const char *text)
{
    GPtrArray *words = g_ptr_array_new();
    g_autoptr(GString) word = g_string_new(NULL);
    bool quoted = false;
    for (const char *at = text;; at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at && (quoted || !strchr(" \t,", *at))) {
            g_string_append_c(word, *at);
        } else if (word->len > 0) {
            g_ptr_array_add(words, g_strdup(word->str));
            g_string_truncate(word, 0);
        }
        if (!*at)
            break;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

// The ~ at the beginning, behind a colon ("maildir:~/Maildir") and behind a key (":INBOX=~/mbox").
static char *expand_home(const char *text, const char *home)
{
    GString *out = g_string_new(NULL);
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == ':' || (at[-1] == '=' && strchr(text, ':'));
        if (home && *at == '~' && begins && (at[1] == '/' || at[1] == '\0' || at[1] == ':'))
            g_string_append(out, home);
        else
            g_string_append_c(out, *at);
    }
    return g_string_free(out, FALSE);
}

static void value_clear(struct value *value)
{
    g_free(value->text);
    g_free(value->path);
    g_strfreev(value->list);
    g_free(value->origin);
}

static bool set(struct conf *conf, enum setting setting, const char *text, const char *origin)
{
    const struct setting_row *row = &rows[setting];
    struct value *value = &conf->values[setting];
    gint64 number = 0;
    if (!parse_value(row, text, &number))
        return false;
    value_clear(value);
    *value = (struct value){.text = g_strdup(text), .number = number, .origin = g_strdup(origin)};
    if (is_list(row))
        value->list = split_list(text);
    if (is_path(row))
        value->path = expand_home(text, conf->home);
    return true;
}

static void entry_clear(gpointer data)
{
    struct conf_entry *entry = data;
    g_free(entry->name);
    g_free(entry->value);
    g_free(entry->origin);
}

struct conf *conf_new(const char *home)
{
    struct conf *conf = g_new0(struct conf, 1);
    conf->home = g_strdup(home);
    conf->warnings = g_ptr_array_new_with_free_func(g_free);
    conf->sieve_settings = g_array_new(FALSE, FALSE, sizeof(struct conf_entry));
    g_array_set_clear_func(conf->sieve_settings, entry_clear);
    for (int i = 0; i < CONF_COUNT; i++) {
        bool sound = set(conf, (enum setting)i, rows[i].value, "built-in");
        g_assert(sound);
    }
    return conf;
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;
    for (int i = 0; i < CONF_COUNT; i++)
        value_clear(&conf->values[i]);
    g_ptr_array_unref(conf->warnings);
    g_array_unref(conf->sieve_settings);
    g_free(conf->home);
    g_free(conf->user);
    g_free(conf);
}

void conf_swap(struct conf *a, struct conf *b)
{
    struct conf former = *a;
    *a = *b;
    *b = former;
}

void conf_set_home(struct conf *conf, const char *home)
{
    g_free(conf->home);
    conf->home = g_strdup(home);
    for (int i = 0; i < CONF_COUNT; i++) {
        struct value *value = &conf->values[i];
        if (!is_path(&rows[i]))
            continue;
        g_free(value->path);
        value->path = expand_home(value->text, home);
    }
}

void conf_set_user(struct conf *conf, const char *user)
{
    g_free(conf->user);
    conf->user = g_strdup(user);
}

static char *expand(const struct conf *conf, const char *text, GError **err)
{
    const char *user = conf->user ? conf->user : getenv("USER");
    user = user ? user : getenv("LOGNAME");
    const struct variables values = {.user = user && *user ? user : "", .home = conf->home};
    g_autofree char *plain = variables_expand(text, &values, err);
    return plain ? expand_home(plain, conf->home) : NULL;
}

bool conf_expand(struct conf *conf, GError **err)
{
    for (int i = 0; i < CONF_COUNT; i++) {
        struct value *value = &conf->values[i];
        GError *why = NULL;
        if (!strchr(value->text, '%'))
            continue;
        if (rows[i].type == SETTING_PLACE) {
            g_free(value->path);
            value->path = expand(conf, value->text, &why);
        } else if (rows[i].type == SETTING_PLACES) {
            g_strfreev(value->list);
            value->list = split_list(value->text);
            for (char **word = value->list; *word && !why; word++) {
                char *expanded = expand(conf, *word, &why);
                if (expanded) {
                    g_free(*word);
                    *word = expanded;
                }
            }
        }
        if (why) {
            g_propagate_prefixed_error(err, why, "%s: [%s] %s: ", value->origin, rows[i].section,
                                       rows[i].key);
            return false;
        }
    }
    return true;
}

static bool find(const char *section, const char *key, enum setting *setting_r)
{
    for (int i = 0; i < CONF_COUNT; i++) {
        if (g_ascii_strcasecmp(rows[i].section, section) == 0 &&
            g_ascii_strcasecmp(rows[i].key, key) == 0) {
            *setting_r = (enum setting)i;
            return true;
        }
    }
    return false;
}

// NAME NULL: TEXT is a list of them. A later value stands behind the earlier one, and wins.
static void add_entry(struct conf *conf, const char *name, const char *text, const char *origin)
{
    struct conf_entry entry = {g_strdup(name), g_strdup(text), g_strdup(origin)};
    g_array_append_val(conf->sieve_settings, entry);
}

static bool assign(struct conf *conf, const char *section, const char *key, const char *text,
                   const char *origin, GError **err)
{
    enum setting setting;
    g_autofree char *shown_key = text_printable(key, -1, 60);
    g_autofree char *shown_section = text_printable(section, -1, 60);
    if (g_ascii_strcasecmp(section, CONF_SIEVE_SECTION) == 0) {
        add_entry(conf, key, text, origin);
        return true;
    }
    if (!find(section, key, &setting))
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "there is no setting [%s] %s; `backstop config` lists all settings",
                        shown_section, shown_key);
    if (setting == CONF_SIEVE_SETTINGS)
        add_entry(conf, NULL, text, origin);
    if (set(conf, setting, text, origin))
        return true;
    g_autofree char *right = expected(&rows[setting]);
    g_autofree char *shown = text_printable(text, -1, 60);
    return mda_fail(err, MDA_ERROR_CONFIG, "[%s] %s = %s: expected %s; %s stays in force",
                    shown_section, shown_key, shown, right, conf->values[setting].text);
}

// One line of a file. SECTION holds the name of the section that is open.
static bool take_line(struct conf *conf, char *line, char **section, const char *origin,
                      GError **err)
{
    g_strstrip(line);
    gsize length = strlen(line);
    if (length == 0 || line[0] == '#' || line[0] == ';')
        return true;
    if (line[0] == '[') {
        if (line[length - 1] != ']')
            return mda_fail(err, MDA_ERROR_CONFIG, "a section is written [name]");
        g_free(*section);
        *section = g_strstrip(g_strndup(line + 1, length - 2));
        return true;
    }
    char *equals = strchr(line, '=');
    if (!equals)
        return mda_fail(err, MDA_ERROR_CONFIG, "expected \"key = value\" or \"[section]\"");
    if (!*section)
        return mda_fail(err, MDA_ERROR_CONFIG, "a [section] must come before the first setting");
    *equals = '\0';
    return assign(conf, *section, g_strstrip(line), g_strstrip(equals + 1), origin, err);
}

bool conf_read(struct conf *conf, const char *path, GError **err)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    // The usual case; an error's text would load the tables of character sets.
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return mda_fail(err, MDA_ERROR_GONE, "there is no file %s", path);
    if (!files_read(path, CONF_MAX_BYTES, &text, &size, err))
        return false;
    conf_read_text(conf, text, path);
    return true;
}

void conf_read_text(struct conf *conf, const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *section = NULL;
    for (guint i = 0; lines[i]; i++) {
        g_autofree char *origin = g_strdup_printf("%s:%u", name, i + 1);
        g_autoptr(GError) wrong = NULL;
        if (!take_line(conf, lines[i], &section, origin, &wrong))
            g_ptr_array_add(conf->warnings, g_strdup_printf("%s: %s", origin, wrong->message));
    }
}

bool conf_assign(struct conf *conf, const char *assignment, const char *origin, GError **err)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = strchr(assignment, '.');
    if (!equals || !dot || dot > equals)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s %s: expected section.key=value", origin,
                        assignment);
    g_autofree char *section = g_strstrip(g_strndup(assignment, (gsize)(dot - assignment)));
    g_autofree char *key = g_strstrip(g_strndup(dot + 1, (gsize)(equals - dot - 1)));
    g_autofree char *text = g_strstrip(g_strdup(equals + 1));
    return assign(conf, section, key, text, origin, err);
}

const GPtrArray *conf_warnings(const struct conf *conf)
{
    return conf->warnings;
}

const struct conf_entry *conf_sieve_settings(const struct conf *conf, guint *count_r)
{
    *count_r = conf->sieve_settings->len;
    return (const struct conf_entry *)(gpointer)conf->sieve_settings->data;
}

const char *conf_string(const struct conf *conf, enum setting setting)
{
    const struct value *value = &conf->values[setting];
    return value->path ? value->path : value->text;
}

const char *const *conf_list(const struct conf *conf, enum setting setting)
{
    g_assert(is_list(&rows[setting]));
    return (const char *const *)conf->values[setting].list;
}

bool conf_bool(const struct conf *conf, enum setting setting)
{
    g_assert(rows[setting].type == SETTING_BOOL);
    return conf->values[setting].number != 0;
}

gint64 conf_milliseconds(const struct conf *conf, enum setting setting)
{
    g_assert(rows[setting].type == SETTING_DURATION);
    return conf->values[setting].number;
}

gint64 conf_number(const struct conf *conf, enum setting setting)
{
    g_assert(rows[setting].type == SETTING_SIZE || rows[setting].type == SETTING_NUMBER);
    return conf->values[setting].number;
}

int conf_choice(const struct conf *conf, enum setting setting)
{
    g_assert(rows[setting].type == SETTING_CHOICE);
    return (int)conf->values[setting].number;
}

const char *conf_origin(const struct conf *conf, enum setting setting)
{
    return conf->values[setting].origin;
}
