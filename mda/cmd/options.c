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

static const GOptionEntry *entry_of(const GOptionEntry *entries, char letter)
{
    for (; entries && entries->long_name; entries++) {
        if (entries->short_name == letter)
            return entries;
    }
    return NULL;
}

// How many characters of WORD ("-ekduser") come before a value in the same word; 0: there is none.
// *AWAITS_R: the next word is the value.
static gsize letters_before_value(const char *word, const GOptionEntry *entries, bool common_too,
                                  bool *awaits_r)
{
    *awaits_r = false;
    if (word[0] != '-' || word[1] == '-')
        return 0;
    for (gsize i = 1; word[i]; i++) {
        const GOptionEntry *entry = entry_of(entries, word[i]);
        if (!entry && common_too)
            entry = entry_of(common, word[i]);
        if (!entry)
            return 0;
        if (entry->arg == G_OPTION_ARG_NONE || (entry->flags & G_OPTION_FLAG_NO_ARG))
            continue;
        *awaits_r = word[i + 1] == '\0';
        return *awaits_r ? 0 : i + 1;
    }
    return 0;
}

void options_split(const GOptionEntry *entries, bool common_too, int *argc, char ***argv)
{
    GPtrArray *words = g_ptr_array_new();
    bool is_value = true, ended = false; // the first word is the program's name
    for (int i = 0; i < *argc; i++) {
        char *word = (*argv)[i];
        bool awaits = false;
        ended = ended || (!is_value && strcmp(word, "--") == 0);
        gsize length =
            is_value || ended ? 0 : letters_before_value(word, entries, common_too, &awaits);
        is_value = awaits;
        if (length > 0) {
            g_ptr_array_add(words, g_strndup(word, length));
            word += length;
        }
        g_ptr_array_add(words, word);
    }
    *argc = (int)words->len;
    g_ptr_array_add(words, NULL);
    *argv = (char **)g_ptr_array_free(words, FALSE);
}

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
