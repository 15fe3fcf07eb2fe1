// SPDX-License-Identifier: MIT
#include "cmd/options.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

struct config_request *config_request(void)
{
    static struct config_request request;
    if (!request.overrides)
        request.overrides = g_ptr_array_new_with_free_func(g_free);
    return &request;
}

static gboolean take_config(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data, (void)err;
    g_free(config_request()->file);
    config_request()->file = g_strdup(value);
    return TRUE;
}

static gboolean take_set(const char *name, const char *value, gpointer data, GError **err)
{
    (void)name, (void)data, (void)err;
    g_ptr_array_add(config_request()->overrides, g_strdup(value));
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

char *options_user_file(const char *home)
{
    return g_build_filename(home, ".config", "backstop", "backstop.conf", NULL);
}

// Reads PATH; that it is not there is fine unless it was asked for by name.
static bool read_one(struct conf *conf, const char *path, bool wanted, GError **err)
{
    g_autoptr(GError) why = NULL;
    if (conf_read(conf, path, &why) || (!wanted && g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE)))
        return true;
    return mda_fail(err, MDA_ERROR_CONFIG, "configuration: %s", why->message);
}

static bool read_files(struct conf *conf, const char *home, GError **err)
{
    const struct config_request *request = config_request();
    if (request->file)
        return read_one(conf, request->file, true, err);
    if (!read_one(conf, SYSCONFDIR "/backstop/backstop.conf", false, err))
        return false;
    g_autofree char *user_file = home && *home ? options_user_file(home) : NULL;
    return !user_file || read_one(conf, user_file, false, err);
}

void options_configure_log(const struct command_context *context)
{
    log_configure(conf_string(context->conf, CONF_LOG_DESTINATION),
                  conf_string(context->conf, CONF_LOG_FACILITY),
                  conf_string(context->conf, CONF_LOG_LEVEL), context->program);
}

bool options_configure(struct command_context *context, const char *home, GError **err)
{
    if (!home)
        home = g_get_home_dir();
    conf_set_home(context->conf, home);
    if (!read_files(context->conf, home, err))
        return false;
    const GPtrArray *overrides = config_request()->overrides;
    for (guint i = 0; i < overrides->len; i++) {
        if (!conf_assign(context->conf, g_ptr_array_index(overrides, i), "--set", err))
            return false;
    }
    options_configure_log(context);
    const GPtrArray *warnings = conf_warnings(context->conf);
    for (guint i = 0; i < warnings->len; i++)
        log_line(LOG_LEVEL_WARNING, "configuration: %s",
                 (const char *)g_ptr_array_index(warnings, i));
    return true;
}
