// SPDX-License-Identifier: MIT
// backstop config: what is in force, and from which file and line.
#include "base/files.h"
#include "base/json.h"
#include "cmd/options.h"
#include "hosts/dovecot-conf.h"
#include "hosts/sieve-settings.h"

#include <stdio.h>
#include <string.h>

static gboolean only_changed;
static gboolean as_manual, as_json;
static char *from_dovecot;

#define DOVECOT_MAX_BYTES (4 * 1024 * 1024)

static const GOptionEntry entries[] = {
    {"json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a setting", NULL},
    {"changed", 0, 0, G_OPTION_ARG_NONE, &only_changed, "Show what differs from the built-in value",
     NULL},
    {"from-dovecot", 0, 0, G_OPTION_ARG_FILENAME, &from_dovecot,
     "Print a backstop.conf for what `doveconf -n` printed into "
     "FILE (- is standard input)",
     "FILE"},
    {"mdoc", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &as_manual,
     "Print the list of settings for the manual page", NULL},
    G_OPTION_ENTRY_NULL};

static void print_setting(const struct conf *conf, enum setting setting)
{
    const char *origin = conf_origin(conf, setting);
    if (only_changed && strcmp(origin, "built-in") == 0)
        return;
    const struct setting_row *row = conf_row(setting);
    if (as_json) {
        struct json *json = json_new();
        g_autofree char *name = g_strdup_printf("%s.%s", row->section, row->key);
        json_begin_object(json, NULL);
        json_string(json, "name", name);
        json_string(json, "value", conf_string(conf, setting));
        json_string(json, "origin", origin);
        json_end_object(json);
        g_autofree char *text = json_free_to_text(json);
        puts(text);
        return;
    }
    printf("%s.%s = %s\t# %s\n", row->section, row->key, conf_string(conf, setting), origin);
}

// The Sieve engine's settings out of [sieve-settings]; what is wrong with any of them to stderr.
static bool print_sieve_settings(const struct conf *conf)
{
    guint count = 0;
    const struct conf_entry *entries_given = conf_sieve_settings(conf, &count);
    g_autoptr(GHashTable) ignored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) wrong = sieve_settings_load(conf, g_get_home_dir(), ignored);
    for (guint i = 0; i < count && !as_manual && !as_json; i++) {
        const struct conf_entry *entry = &entries_given[i];
        if (entry->name)
            printf(CONF_SIEVE_SECTION ".%s = %s\t# %s\n", entry->name, entry->value, entry->origin);
    }
    for (guint i = 0; i < wrong->len; i++)
        fprintf(stderr, "%s\n", (char *)g_ptr_array_index(wrong, i));
    return wrong->len == 0;
}

// TEXT for mdoc(7): a backslash and a leading dot or quote mean something there.
static void print_mdoc_text(const char *text)
{
    g_autofree char *sound = NULL;
    g_auto(GStrv) parts = g_strsplit(text, "\\", -1);
    sound = g_strjoinv("\\e", parts);
    printf("%s%s\n", sound[0] == '.' || sound[0] == '\'' ? "\\&" : "", sound);
}

static void print_mdoc(enum setting setting)
{
    const struct setting_row *row = conf_row(setting);
    if (setting == 0 || strcmp(conf_row(setting - 1)->section, row->section) != 0)
        printf("%s.Ss [%s]\n.Bl -tag -width Ds\n", setting == 0 ? "" : ".El\n", row->section);
    printf(".It Cm %s\n", row->key);
    print_mdoc_text(row->help);
    if (*row->value) {
        printf("Default: ");
        print_mdoc_text(row->value);
    }
    if (setting + 1 == CONF_COUNT)
        printf(".El\n");
}

// Status 1: some of it has no counterpart.
static int translate(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    guint missing = 0;
    if (!files_read_argument(from_dovecot, DOVECOT_MAX_BYTES, &text, NULL, &err)) {
        fprintf(stderr, "backstop config: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    g_autofree char *conf = dovecot_conf_translate(text, &missing);
    fputs(conf, stdout);
    if (missing > 0)
        fprintf(stderr, "backstop config: %u lines have no counterpart; they stand at the end\n",
                missing);
    return missing > 0 ? STATUS_NO : STATUS_OK;
}

int cmd_config(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "[--changed]",
                       "Prints each setting that is in force as section.key = value, and where it "
                       "was set.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (from_dovecot)
        return translate();
    g_autoptr(GError) err = NULL;
    bool sound = conf_load(context->conf, NULL, &err);
    if (!sound)
        fprintf(stderr, "backstop: %s\n", err->message);
    for (int i = 0; i < CONF_COUNT; i++)
        as_manual ? print_mdoc((enum setting)i) : print_setting(context->conf, (enum setting)i);
    sound = print_sieve_settings(context->conf) && sound;
    const GPtrArray *warnings = conf_warnings(context->conf);
    for (guint i = 0; i < warnings->len; i++)
        fprintf(stderr, "%s\n", (const char *)g_ptr_array_index(warnings, i));
    return sound && warnings->len == 0 ? STATUS_OK : STATUS_NO;
}
