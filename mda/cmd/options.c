// SPDX-License-Identifier: MIT
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

static gboolean take_config(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data, (void)err;
    g_free(conf_request()->file);
    conf_request()->file = g_strdup(value);
    return TRUE;
}

static gboolean take_set(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data, (void)err;
    g_ptr_array_add(conf_request()->overrides, g_strdup(value));
    return TRUE;
}

static const GOptionEntry common[] = {
    {"config", 'c', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_config,
     "Read this configuration file and no other", "FILE"},
    {"set", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer)take_set,
     "Override one setting", "SECTION.KEY=VALUE"},
    G_OPTION_ENTRY_NULL};

bool options_parse(struct command_context *context, const GOptionEntry *entries,
                   const char *synopsis, const char *description, int *argc, char ***argv)
{
    g_autoptr(GOptionContext) options = g_option_context_new(synopsis);
    if (entries)
        g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_add_main_entries(options, common, NULL);
    g_option_context_set_summary(options, description);
    // GOption prints "PROGRAM synopsis"; PROGRAM is to be "backstop command".
    g_autofree char *name = g_strdup_printf("%s %s", context->program, (*argv)[0]);
    (*argv)[0] = name;
    g_autoptr(GError) why = NULL;
    bool sound = g_option_context_parse(options, argc, argv, &why);
    if (!sound)
        fprintf(stderr, "%s: %s\nTry '%s --help'.\n", name, why->message, name);
    (*argv)[0] = (char *)context->program;
    if (sound && *argc > 1 && strcmp((*argv)[1], "--") == 0) {
        memmove(*argv + 1, *argv + 2, (gsize)(*argc - 1) * sizeof **argv);
        (*argc)--;
    }
    return sound;
}
