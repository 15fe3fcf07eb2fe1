// SPDX-License-Identifier: MIT
// backstop sieve: check scripts, show what one would do with a message, run test suites, list the
// extensions. Nothing is delivered, except with run --execute into the maildir that is named.
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cmd/options.h"
#include "cmd/sieve-filter.h"
#include "delivery/execute.h"
#include "hosts/sieve-beside.h"
#include "hosts/sieve-execute.h"
#include "hosts/sieve-host.h"
#include "hosts/sieve-settings.h"
#include "message/envelope.h"
#include "sieve/settings.h"
#include "sieve/sieve.h"
#include "svtest/svtest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *opt_engine;
static char *opt_from;
static char *opt_to;
static char *opt_original;
static char *opt_auth;
static char *opt_personal;
static char *opt_global;
static char *opt_execute;
static char **opt_items;
static char **opt_settings;
static gboolean opt_trace;
static gboolean opt_quiet;
static gboolean opt_strict;

static const GOptionEntry entries[] = {
    {"engine", 0, 0, G_OPTION_ARG_FILENAME, &opt_engine, "backstop (the default) or libsieve",
     "NAME"},
    {"from", 'f', 0, G_OPTION_ARG_FILENAME, &opt_from, "run: the envelope sender", "ADDRESS"},
    {"to", 'r', 0, G_OPTION_ARG_FILENAME, &opt_to, "run: the envelope recipient", "ADDRESS"},
    {"original", 'a', 0, G_OPTION_ARG_FILENAME, &opt_original, "run: the recipient before aliases",
     "ADDRESS"},
    {"auth", 0, 0, G_OPTION_ARG_FILENAME, &opt_auth, "run: the login name of the sender", "NAME"},
    {"personal", 0, 0, G_OPTION_ARG_FILENAME, &opt_personal,
     "Where include finds personal scripts (default: beside the script)", "DIRECTORY"},
    {"global", 0, 0, G_OPTION_ARG_FILENAME, &opt_global, "Where include finds global scripts",
     "DIRECTORY"},
    {"environment", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_items,
     "run: an item of the environment test, such as vnd.backstop.verdict=backscatter",
     "ITEM=VALUE"},
    {"setting", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_settings,
     "A setting of the engine by Dovecot's name, such as sieve_max_redirects=8", "NAME=VALUE"},
    {"execute", 'x', 0, G_OPTION_ARG_FILENAME, &opt_execute,
     "run: file the message in this maildir as the script says", "MAILDIR"},
    {"trace", 't', 0, G_OPTION_ARG_NONE, &opt_trace, "run: show every test and its values", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &opt_quiet, "check: say nothing when all is well", NULL},
    {"strict", 0, 0, G_OPTION_ARG_NONE, &opt_strict,
     "test: test_error compares errors word for word; else half of the words are enough", NULL},
    G_OPTION_ENTRY_NULL};

// "NAME=VALUE" into TABLE.
static bool take_items(GHashTable *table, char **pairs)
{
    for (guint i = 0; pairs && pairs[i]; i++) {
        const char *equals = strchr(pairs[i], '=');
        if (!equals || equals == pairs[i]) {
            fprintf(stderr, "backstop sieve: \"%s\" is not NAME=VALUE\n", pairs[i]);
            return false;
        }
        g_hash_table_replace(table, g_strndup(pairs[i], (gsize)(equals - pairs[i])),
                             g_strdup(equals + 1));
    }
    return true;
}

// The settings of the configuration, and over them those of the command line.
static bool take_settings(const struct command_context *context, GHashTable *table)
{
    g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) wrong = sieve_settings_load(context->conf, g_get_home_dir(), table);
    for (guint i = 0; i < wrong->len; i++)
        fprintf(stderr, "backstop sieve: %s\n", (char *)g_ptr_array_index(wrong, i));
    if (wrong->len > 0 || !take_items(given, opt_settings))
        return false;
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, given);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_autoptr(GError) err = NULL;
        if (!sieve_settings_put(table, name, value, &err)) {
            fprintf(stderr, "backstop sieve: --setting %s\n", err->message);
            return false;
        }
    }
    return true;
}

static bool read_file(const char *path, gsize max, char **text_r, gsize *size_r)
{
    g_autoptr(GError) err = NULL;
    if (files_read_argument(path, max, text_r, size_r, &err))
        return true;
    fprintf(stderr, "backstop sieve: %s\n", err->message);
    return false;
}

static void print_diagnostics(FILE *out, const struct sieve_diagnostics *diagnostics)
{
    for (guint i = 0; i < diagnostics->list->len; i++) {
        g_autofree char *line = sieve_diagnostic_format(g_ptr_array_index(diagnostics->list, i));
        g_autofree char *shown = text_escaped(line, false);
        fprintf(out, "%s\n", shown);
    }
}

static const struct sieve_engine *chosen_engine(const struct command_context *context)
{
    g_autoptr(GError) err = NULL;
    const char *name = opt_engine ? opt_engine : conf_string(context->conf, CONF_SIEVE_ENGINE);
    const struct sieve_engine *engine = sieve_engine_get(name, &err);
    if (!engine)
        fprintf(stderr, "backstop sieve: %s\n", err->message);
    return engine;
}

static bool prepare(const struct command_context *context, struct sieve_source *source,
                    const char *script)
{
    sieve_source_init(source);
    source->personal = opt_personal ? g_strdup(opt_personal) : g_path_get_dirname(script);
    source->global = g_strdup(opt_global);
    source->from = envelope_address(opt_from);
    source->to = g_strdup(opt_to);
    source->orig_to = g_strdup(opt_original);
    source->addressed = g_strdup(opt_original);
    source->auth = g_strdup(opt_auth);
    if (!take_items(source->environment, opt_items) || !take_settings(context, source->settings))
        return false;
    sieve_beside_configure(source, context->conf, g_get_home_dir());
    return true;
}

static bool compile_file(const struct command_context *context, const struct sieve_engine *engine,
                         struct sieve_host *host, const char *path,
                         struct sieve_diagnostics *diagnostics, struct sieve_program **program_r)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    host->owner = sieve_script_owner(context->conf, g_get_home_dir(), path);
    return read_file(path, FILES_TEXT_MAX, &text, &size) &&
           engine->compile(path, text, size, host, diagnostics, program_r);
}

// ---- check

static int check_one(const struct command_context *context, const struct sieve_engine *engine,
                     const char *path)
{
    struct sieve_source source;
    struct sieve_program *program = NULL;
    struct sieve_host host;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    bool ok = prepare(context, &source, path);
    sieve_execute_surroundings(&source, NULL, &host);
    ok = ok && compile_file(context, engine, &host, path, diagnostics, &program);
    print_diagnostics(stdout, diagnostics);
    if (ok && !opt_quiet)
        printf("%s: OK\n", path);
    engine->free(program);
    sieve_source_release(&source);
    return ok ? STATUS_OK : STATUS_NO;
}

static int run_check(struct command_context *context, int argc, char **argv)
{
    const struct sieve_engine *engine = chosen_engine(context);
    int status = STATUS_OK;
    if (!engine || argc < 1)
        return STATUS_USAGE;
    for (int i = 0; i < argc; i++)
        status |= check_one(context, engine, argv[i]);
    return status;
}

// ---- run

static void print_trace(void *context, guint line, const char *text)
{
    (void)context;
    g_autofree char *shown = text_escaped(text, false);
    printf("%4u: %s\n", line, shown);
}

static void print_implicit_keep(const struct plan *plan)
{
    printf("  implicit keep");
    for (guint i = 0; plan->flags && i < plan->flags->len; i++) {
        g_autofree char *flag = text_escaped(g_ptr_array_index(plan->flags, i), false);
        printf("%s %s", i == 0 ? " flags" : "", flag);
    }
    printf("\n");
}

static void print_plan(const struct plan *plan)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        g_autofree char *line = plan_action_describe(g_ptr_array_index(plan->actions, i));
        printf("  %s\n", line);
    }
    if (plan->implicit_keep)
        print_implicit_keep(plan);
    if (plan->message)
        printf("  (the message was changed)\n");
}

static char *first_of(const struct message *message, const char *const *names)
{
    for (guint i = 0; names[i]; i++) {
        g_autofree char *value = message_header(message, names[i], 0);
        char *address = value ? mime_first_address(value) : NULL;
        if (address)
            return address;
    }
    return NULL;
}

// Without options the envelope is guessed from the header.
static void guess_envelope(struct sieve_source *source, const struct message *message)
{
    static const char *const senders[] = {"Return-Path", "Sender", "From", NULL};
    static const char *const recipients[] = {"Envelope-To", "Delivered-To", "To", NULL};
    if (!source->from)
        source->from = first_of(message, senders);
    if (!source->to)
        source->to = first_of(message, recipients);
    if (source->from && strcmp(source->from, "<>") == 0)
        source->from[0] = '\0';
}

static bool execute(struct message *message, const char *sender, const struct plan *plan)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    bool done = execute_plan_into(message, sender, plan, opt_execute, lines);
    for (guint i = 0; i < lines->len; i++)
        printf("  %s\n", (const char *)g_ptr_array_index(lines, i));
    return done;
}

static int run_message(const struct sieve_engine *engine, const struct sieve_program *program,
                       struct sieve_source *source, const struct sieve_host *host, const char *path)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    if (!read_file(path, FILES_MESSAGE_MAX, &text, &size))
        return STATUS_NO;
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&text), size);
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    g_autoptr(Plan) plan = plan_new();
    char *from = g_strdup(source->from), *to = g_strdup(source->to);
    sieve_source_set_message(source, message);
    guess_envelope(source, message);
    printf("%s:\n", path);
    bool ok = engine->execute(program, host, plan, diagnostics);
    print_diagnostics(stdout, diagnostics);
    sieve_beside_resolve(source, plan);
    print_plan(plan);
    if (opt_execute)
        ok &= execute(message, source->from, plan);
    sieve_source_set_message(source, NULL);
    g_free(source->from);
    g_free(source->to);
    source->from = from;
    source->to = to;
    return ok ? STATUS_OK : STATUS_NO;
}

static int run_run(struct command_context *context, int argc, char **argv)
{
    const struct sieve_engine *engine = chosen_engine(context);
    struct sieve_source source;
    struct sieve_program *program = NULL;
    struct sieve_host host;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    if (!engine || argc < 2)
        return STATUS_USAGE;
    bool ok = prepare(context, &source, argv[0]);
    source.tracer = opt_trace ? print_trace : NULL;
    sieve_execute_surroundings(&source, opt_execute, &host);
    ok = ok && compile_file(context, engine, &host, argv[0], diagnostics, &program);
    print_diagnostics(stdout, diagnostics);
    int status = ok ? STATUS_OK : STATUS_NO;
    for (int i = 1; ok && i < argc; i++)
        status |= run_message(engine, program, &source, &host, argv[i]);
    engine->free(program);
    sieve_source_release(&source);
    return status;
}

// ---- test, extensions

static int run_test(struct command_context *context, int argc, char **argv)
{
    (void)context;
    if (argc < 1)
        return STATUS_USAGE;
    g_autoptr(GError) err = NULL;
    const struct svtest_api *api = (const struct svtest_api *)module_load("svtest", &err);
    if (!api) {
        fprintf(stderr, "backstop sieve test: %s\n", err->message);
        return STATUS_TEMPFAIL;
    }
    return api->run(argv, (guint)argc, !opt_strict) ? STATUS_OK : STATUS_NO;
}

static int run_extensions(struct command_context *context, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    const struct sieve_engine *engine = chosen_engine(context);
    struct sieve_source source;
    struct sieve_host host;
    if (!engine || !prepare(context, &source, "."))
        return STATUS_USAGE;
    sieve_execute_surroundings(&source, NULL, &host);
    g_autoptr(GPtrArray) names = engine->capabilities(&host);
    for (guint i = 0; i < names->len; i++)
        printf("%s\n", (char *)g_ptr_array_index(names, i));
    sieve_source_release(&source);
    return STATUS_OK;
}

static int run_settings(struct command_context *context, int argc, char **argv)
{
    static const char *const kinds[] = {
        [SIEVE_SETTING_SWITCH] = "switch", [SIEVE_SETTING_NUMBER] = "number",
        [SIEVE_SETTING_SIZE] = "size",     [SIEVE_SETTING_TIME] = "time",
        [SIEVE_SETTING_TEXT] = "text",     [SIEVE_SETTING_INSTEAD] = "no setting here",
    };
    (void)context, (void)argc, (void)argv;
    for (guint i = 0; i < sieve_setting_count; i++) {
        const struct sieve_setting_row *row = &sieve_setting_rows[i];
        printf("sieve_%s (%s%s%s): %s\n", row->name, kinds[row->kind],
               *row->others ? "; also " : "", row->others, row->does);
    }
    return STATUS_OK;
}

int cmd_sieve(struct command_context *context, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct command_context *context, int argc, char **argv);
    } verbs[] = {{"check", run_check},
                 {"run", run_run},
                 {"test", run_test},
                 {"extensions", run_extensions},
                 {"settings", run_settings}};
    g_autoptr(GError) err = NULL;
    // It has options of its own.
    if (argc > 1 && strcmp(argv[1], "filter") == 0)
        return sieve_filter_command(context, argc - 1, argv + 1);
    if (!options_parse(context, entries, "check|run|filter|test|extensions|settings [FILE...]",
                       "  check FILE...            say what is wrong with scripts\n"
                       "  run SCRIPT MESSAGE...    show what a script would do\n"
                       "  filter FOLDER            run a script over a folder; see filter --help\n"
                       "  test FILE.svtest...      run test suites, report in TAP\n"
                       "  extensions               list what scripts may require\n"
                       "  settings                 list the engine's settings by Dovecot's names\n",
                       &argc, &argv))
        return STATUS_USAGE;
    if (!conf_load(context->conf, NULL, &err)) {
        fprintf(stderr, "backstop sieve: %s\n", err->message);
        return STATUS_USAGE;
    }
    for (guint i = 0; argc > 1 && i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        int status = verbs[i].run(context, argc - 2, argv + 2);
        if (status == STATUS_USAGE)
            fprintf(stderr, "backstop sieve %s: see backstop sieve --help\n", argv[1]);
        return status;
    }
    fprintf(
        stderr,
        "backstop sieve: one of check, run, test, extensions, settings is needed; see --help\n");
    return STATUS_USAGE;
}
