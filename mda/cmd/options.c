// SPDX-License-Identifier: MIT
#include "cmd/options.h"

#include "cmd/output.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
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

static void (*visitor)(const GOptionEntry *entries, const char *synopsis);

void options_visit(void (*visit)(const GOptionEntry *entries, const char *synopsis))
{
    visitor = visit;
}

bool options_told(const GOptionEntry *entries, const char *synopsis)
{
    if (visitor)
        visitor(entries, synopsis);
    return visitor != NULL;
}

static gboolean show_version(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)value, (void)data, (void)err;
    printf("backstop %s\n", PACKAGE_VERSION);
    exit(output_finish() ? STATUS_OK : STATUS_TEMPFAIL);
}

static const GOptionEntry version[] = {{"version", 0, G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_HIDDEN,
                                        G_OPTION_ARG_CALLBACK, (gpointer)show_version, NULL, NULL},
                                       G_OPTION_ENTRY_NULL};

bool options_parse(struct command_context *context, const GOptionEntry *entries,
                   const char *synopsis, const char *description, int *argc, char ***argv)
{
    if (options_told(entries, synopsis))
        return false;
    g_autoptr(GOptionContext) options = g_option_context_new(synopsis);
    if (entries)
        g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_add_main_entries(options, common, NULL);
    g_option_context_add_main_entries(options, version, NULL);
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
