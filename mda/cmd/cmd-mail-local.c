// SPDX-License-Identifier: MIT
// Called as mail.local: sendmail's options for its local mailer. One recipient at a time, since
// there is one exit status; several go by LMTP (-l), where each gets an answer of his own.
#include "cmd/options.h"
#include "delivery/delivery.h"

#include <stdio.h>

static struct delivery_options given;
static gboolean lmtp, ignored_flag;
static char *ignored_text;

static const GOptionEntry entries[] = {
    {"sender", 'f', 0, G_OPTION_ARG_FILENAME, &given.sender, "Envelope sender", "ADDRESS"},
    {"from", 'r', 0, G_OPTION_ARG_FILENAME, &given.sender, "The same", "ADDRESS"},
    {"lmtp", 'l', 0, G_OPTION_ARG_NONE, &lmtp, "Speak LMTP on standard input and output", NULL},
    {"deliver", 'd', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"seven-bits", '7', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"refuse-full", 'b', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"no-sync", 's', 0, G_OPTION_ARG_NONE, &ignored_flag, "Accepted, without effect", NULL},
    {"mailbox-database", 'D', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect",
     "NAME"},
    {"home-file", 'h', 0, G_OPTION_ARG_FILENAME, &ignored_text, "Accepted, without effect", "FILE"},
    G_OPTION_ENTRY_NULL};

int cmd_mail_local(struct command_context *context, int argc, char **argv)
{
    g_autoptr(GOptionContext) options = g_option_context_new("USER < MESSAGE");
    g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_set_help_enabled(options, FALSE);
    g_autoptr(GError) err = NULL;
    options_split(entries, false, &argc, &argv);
    if (!g_option_context_parse(options, &argc, &argv, &err)) {
        fprintf(stderr, "mail.local: %s\n", err->message);
        return command_defer(context);
    }
    if (lmtp) {
        char *plain[] = {(char *)"lmtp", NULL};
        return cmd_lmtp(context, 1, plain);
    }
    if (argc != 2) {
        fprintf(stderr, argc < 2 ? "mail.local: for which user?\n"
                                 : "mail.local: one recipient at a time, or -l (LMTP)\n");
        return command_defer(context);
    }
    given.user = argv[1];
    delivery_run(context->conf, &given, &context->result);
    return STATUS_RESULT;
}
