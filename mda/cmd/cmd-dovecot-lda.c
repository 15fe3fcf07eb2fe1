// SPDX-License-Identifier: MIT
// Called as dovecot-lda or deliver: Dovecot's options (dovecot-lda(1)), and what its configuration
// says beneath ours.
#include "base/log.h"
#include "cmd/options.h"
#include "conf/load.h"
#include "delivery/delivery.h"
#include "hosts/dovecot-conf.h"

#include <stdio.h>
#include <string.h>

#define DOVECOT_CONF "/etc/dovecot/dovecot.conf"

static struct delivery_options given;
static char *config;
static gboolean ignored_keep;

static gboolean take_override(const char *name, const char *value, gpointer data, GError **err);

static const GOptionEntry entries[] = {
    {"user", 'd', 0, G_OPTION_ARG_FILENAME, &given.user, "Deliver for this user", "USER"},
    {"original-recipient", 'a', 0, G_OPTION_ARG_FILENAME, &given.original_recipient,
     "Recipient before aliases and forwards", "ADDRESS"},
    {"recipient", 'r', 0, G_OPTION_ARG_FILENAME, &given.recipient, "Final recipient", "ADDRESS"},
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &given.sender,
     "Envelope sender; <> is the null sender", "ADDRESS"},
    {"mailbox", 'm', 0, G_OPTION_ARG_FILENAME, &given.folder, "Folder instead of the inbox",
     "MAILBOX"},
    {"path", 'p', 0, G_OPTION_ARG_FILENAME, &given.path, "Read the message from this file", "FILE"},
    {"refuse", 'e', 0, G_OPTION_ARG_NONE, &given.caller_refuses,
     "Exit with status 77 for what a rule rejects", NULL},
    {"keep-environment", 'k', 0, G_OPTION_ARG_NONE, &ignored_keep,
     "Accepted; the environment is always kept", NULL},
    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &config,
     "Dovecot's configuration, instead of " DOVECOT_CONF, "FILE"},
    {"override", 'o', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_override,
     "Override a setting of Dovecot's that says where mail lies, Sieve or quota", "NAME=VALUE"},
    G_OPTION_ENTRY_NULL};

static void set_override(const char *setting, const char *value)
{
    g_ptr_array_add(conf_request()->overrides, g_strdup_printf("%s=%s", setting, value));
}

// Settings of Dovecot's, as its own configuration would say them.
static void set_as_dovecot(const char *key, const char *value)
{
    g_autoptr(GHashTable) fields = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(fields, (gpointer)key, (gpointer)value);
    g_autofree char *text = dovecot_fields_translate(fields);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *section = NULL;
    for (guint i = 0; lines[i]; i++) {
        char *equals = strchr(lines[i], '=');
        if (lines[i][0] == '[') {
            g_free(section);
            section = g_strndup(lines[i] + 1, strcspn(lines[i] + 1, "]"));
        } else if (section && equals && lines[i][0] != '#') {
            g_autofree char *name = g_strndup(lines[i], (gsize)(equals - lines[i]));
            g_autofree char *setting = g_strconcat(section, ".", g_strstrip(name), NULL);
            set_override(setting, g_strchug(equals + 1));
        }
    }
}

static gboolean take_override(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data;
    const char *equals = strchr(value, '=');
    if (!equals) {
        mda_fail(err, MDA_ERROR_CONFIG, "-o %s: expected name=value", value);
        return FALSE;
    }
    g_autofree char *key = g_strndup(value, (gsize)(equals - value));
    const char *plain = g_str_has_prefix(key, "plugin/") ? key + strlen("plugin/") : key;
    if (strcmp(key, "mail_home") == 0)
        given.home = g_strdup(equals + 1);
    else if (strcmp(key, "base_dir") == 0 || plain != key || g_str_has_prefix(key, "mail_") ||
             g_str_has_prefix(key, "lda_") || g_str_has_prefix(key, "sieve") ||
             g_str_has_prefix(key, "quota"))
        set_as_dovecot(plain, equals + 1);
    return TRUE;
}

int cmd_dovecot_lda(struct command_context *context, int argc, char **argv)
{
    g_autoptr(GOptionContext) options = g_option_context_new("< MESSAGE");
    g_option_context_add_main_entries(options, entries, NULL);
    g_autoptr(GError) err = NULL;
    options_split(entries, false, &argc, &argv);
    if (!g_option_context_parse(options, &argc, &argv, &err)) {
        fprintf(stderr, "%s: %s\n", context->program, err->message);
        return command_defer(context);
    }
    if (argc > 1) {
        fprintf(stderr, "%s: unexpected argument \"%s\"\n", context->program, argv[1]);
        return command_defer(context);
    }
    struct conf_request *request = conf_request();
    request->dovecot = config ? config : g_strdup(DOVECOT_CONF);
    request->dovecot_needed = config != NULL;
    request->beneath = g_strdup("[store]\ncreate-folders = no\n"); // where there is no Dovecot
    request->beneath_name = g_strdup(context->program);
    given.blank_is_null = true; // as it has it, unless the message says who it is from
    delivery_run(context->conf, &given, &context->result);
    return STATUS_RESULT;
}
