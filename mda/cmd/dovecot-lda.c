// SPDX-License-Identifier: MIT
// Called as dovecot-lda or deliver: Dovecot's options. Its configuration file is not read; of -o
// settings those count that say where mail is (dovecot-lda(1), doc/settings of Dovecot 2.3).
#include "base/log.h"
#include "cmd/options.h"
#include "delivery/delivery.h"

#include <stdio.h>
#include <string.h>

static struct delivery_options given;
static char *ignored_config;
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
    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &ignored_config,
     "Accepted; Dovecot's configuration is not read", "FILE"},
    {"override", 'o', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_override,
     "mail_location, mail_home and lda_mailbox_autocreate count", "NAME=VALUE"},
    G_OPTION_ENTRY_NULL};

// "maildir:~/Maildir:INBOX=…" without what stands behind the path; %h is the home directory.
static void take_location(const char *value)
{
    const char *colon = strchr(value, ':');
    const char *end = colon ? strchr(colon + 1, ':') : NULL;
    g_autofree char *location = end ? g_strndup(value, (gsize)(end - value)) : g_strdup(value);
    g_auto(GStrv) parts = g_strsplit(location, "%h", -1);
    g_autofree char *expanded = g_strjoinv("~", parts);
    g_ptr_array_add(conf_request()->overrides, g_strdup_printf("store.location=%s", expanded));
}

static gboolean take_override(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data;
    if (!strchr(value, '=')) {
        mda_fail(err, MDA_ERROR_CONFIG, "-o %s: expected name=value", value);
        return FALSE;
    }
    if (g_str_has_prefix(value, "mail_location="))
        take_location(strchr(value, '=') + 1);
    else if (g_str_has_prefix(value, "mail_home="))
        given.home = g_strdup(strchr(value, '=') + 1);
    else if (g_str_has_prefix(value, "lda_mailbox_autocreate="))
        g_ptr_array_add(conf_request()->overrides,
                        g_strdup_printf("store.create-folders=%s", strchr(value, '=') + 1));
    return TRUE;
}

int cmd_dovecot_lda(struct command_context *context, int argc, char **argv)
{
    g_autoptr(GOptionContext) options = g_option_context_new("< MESSAGE");
    g_option_context_add_main_entries(options, entries, NULL);
    g_autoptr(GError) err = NULL;
    if (!g_option_context_parse(options, &argc, &argv, &err)) {
        fprintf(stderr, "%s: %s\n", context->program, err->message);
        return command_defer(context);
    }
    if (argc > 1) {
        fprintf(stderr, "%s: unexpected argument \"%s\"\n", context->program, argv[1]);
        return command_defer(context);
    }
    given.blank_is_null = true; // as it has it, unless the message says who it is from
    delivery_run(context->conf, &given, &context->result);
    return STATUS_RESULT;
}
