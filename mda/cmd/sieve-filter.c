// SPDX-License-Identifier: MIT
// backstop sieve filter: a script over a folder that is there. Without --execute it only says what
// would be done.
#include "cmd/sieve-filter.h"

#include "base/files.h"
#include "base/text.h"
#include "cmd/options.h"
#include "hosts/sieve-beside.h"
#include "hosts/sieve-execute.h"
#include "hosts/sieve-folder.h"
#include "hosts/sieve-settings.h"
#include "sieve/sieve.h"
#include "store/read.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES_MAX 10000000

static char *opt_script;
static gboolean opt_execute, opt_delete, opt_quiet;

static const GOptionEntry entries[] = {
    {"script", 0, 0, G_OPTION_ARG_FILENAME, &opt_script, "The script", "FILE"},
    {"execute", 'x', 0, G_OPTION_ARG_NONE, &opt_execute, "Do it; else only say what would be done",
     NULL},
    {"delete-discarded", 0, 0, G_OPTION_ARG_NONE, &opt_delete,
     "Delete what the script discards; else it stays", NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &opt_quiet, "Print the sum alone", NULL},
    G_OPTION_ENTRY_NULL};

struct sweep {
    struct sieve_folder folder;
    const struct sieve_engine *engine;
    struct sieve_program *program;
    struct sieve_source source;
    struct sieve_host host;
    GPtrArray *flags; // of the message in hand
    guint fates[FOLDER_FAILED + 1];
    guint done, all;
};

static GPtrArray *flags_of(void *data)
{
    struct sweep *sweep = (struct sweep *)((char *)data - G_STRUCT_OFFSET(struct sweep, source));
    return sweep->flags ? g_ptr_array_ref(sweep->flags) : NULL;
}

static void complain(const char *what, const char *why)
{
    g_autofree char *shown = text_escaped(why, false);
    fprintf(stderr, "backstop sieve filter: %s: %s\n", what, shown);
}

static void print_plan(const struct plan *plan)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        g_autofree char *line = plan_action_describe(g_ptr_array_index(plan->actions, i));
        printf("  %s\n", line);
    }
    if (plan->implicit_keep)
        printf("  implicit keep\n");
}

// Tells what becomes of the message, unless it merely stays.
static void print_fate(const struct sweep *sweep, const char *name, const struct plan *plan,
                       enum sieve_folder_fate fate, const char *undone)
{
    if (opt_quiet || (fate == FOLDER_STAYS && plan->actions->len == 0))
        return;
    g_autofree char *id = message_header(sweep->source.message, "Message-ID", 0);
    g_autofree char *shown = text_escaped(id ? id : "", false);
    g_autofree char *file = text_escaped(name, false);
    printf("%s%s%s:\n", file, *shown ? " " : "", shown);
    print_plan(plan);
    if (undone)
        printf("  (stays: over a folder there is no %s)\n", undone);
}

static void show_progress(const struct sweep *sweep)
{
    if (isatty(STDERR_FILENO) && (sweep->done % 100 == 0 || sweep->done == sweep->all))
        fprintf(stderr, "\r%u of %u%s", sweep->done, sweep->all,
                sweep->done == sweep->all ? "\n" : "");
}

static void first_into(const struct message *message, const char *const *names, char **address)
{
    g_clear_pointer(address, g_free);
    for (; *names && !*address; names++) {
        g_autofree char *value = message_header(message, *names, 0);
        *address = value ? mime_first_address(value) : NULL;
    }
}

// The envelope is what delivery left in the header.
static void guess_envelope(struct sieve_source *source)
{
    static const char *const senders[] = {"Return-Path", "Sender", "From", NULL};
    static const char *const recipients[] = {"Envelope-To", "Delivered-To", "To", NULL};
    first_into(source->message, senders, &source->from);
    first_into(source->message, recipients, &source->to);
}

static void sweep_message(struct sweep *sweep, const char *name, GBytes *bytes)
{
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    g_autoptr(Plan) plan = plan_new();
    g_autofree char *undone = NULL;
    g_autoptr(GError) err = NULL;
    enum sieve_folder_fate fate = FOLDER_FAILED;
    sieve_source_set_message(&sweep->source, message);
    guess_envelope(&sweep->source);
    g_clear_pointer(&sweep->flags, g_ptr_array_unref);
    sweep->flags = sieve_folder_flags(&sweep->folder, name);
    // A script that fails leaves the message where it is.
    if (!sweep->engine->execute(sweep->program, &sweep->host, plan, diagnostics)) {
        const struct sieve_diagnostic *first =
            diagnostics->list->len > 0 ? g_ptr_array_index(diagnostics->list, 0) : NULL;
        complain(name, first ? first->text : "the script failed");
    } else {
        sieve_beside_resolve(&sweep->source, plan);
        fate =
            sieve_folder_carry_out(&sweep->folder, name, bytes, plan, opt_execute, &undone, &err);
        print_fate(sweep, name, plan, fate, undone);
    }
    if (err)
        complain(name, err->message);
    sweep->fates[fate]++;
    sieve_source_set_message(&sweep->source, NULL);
}

static void print_sum(const struct sweep *sweep)
{
    const guint *fates = sweep->fates;
    printf(
        "%u messages%s: %u moved, %u copied, %u deleted, %u flagged, %u stay as they are, %u not "
        "done, %u failed\n",
        sweep->all, opt_execute ? "" : " (nothing was done: --execute does it)",
        fates[FOLDER_MOVED], fates[FOLDER_COPIED], fates[FOLDER_DELETED], fates[FOLDER_FLAGGED],
        fates[FOLDER_STAYS], fates[FOLDER_UNDONE], fates[FOLDER_FAILED]);
}

static bool sweep_folder(struct sweep *sweep, GError **err)
{
    g_autoptr(GPtrArray) names = NULL;
    if (!read_list(sweep->folder.path, READ_MAILDIR, MESSAGES_MAX, &names, err))
        return false;
    sweep->all = names->len;
    // The oldest first, so that what is moved comes in the order in which it came before.
    for (guint i = names->len; i > 0; i--) {
        const char *name = g_ptr_array_index(names, i - 1);
        g_autoptr(GBytes) bytes = read_message(sweep->folder.path, name, FILES_MESSAGE_MAX);
        if (bytes) {
            sweep_message(sweep, name, bytes);
        } else {
            complain(name, "it cannot be read, or another program has moved it");
            sweep->fates[FOLDER_FAILED]++;
        }
        sweep->done++;
        show_progress(sweep);
    }
    g_clear_pointer(&sweep->flags, g_ptr_array_unref);
    print_sum(sweep);
    return true;
}

static bool find_folder(struct sweep *sweep, const struct conf *conf, const char *name,
                        GError **err)
{
    g_autofree char *root = NULL;
    const char *location = conf_string(conf, CONF_STORE_LOCATION);
    const struct store *store = store_for(location, &root, err);
    if (!store)
        return false;
    if (strcmp(store->name, "maildir") != 0)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "[store] location = %s: only a maildir can be filtered", location);
    sweep->folder.path = store->folder_path(root, name, err);
    sweep->folder.root = g_steal_pointer(&root);
    sweep->folder.mode = 0600;
    sweep->folder.keywords = conf_bool(conf, CONF_STORE_KEYWORDS);
    sweep->folder.delete_discarded = opt_delete;
    if (!sweep->folder.path)
        return false;
    return read_kind(sweep->folder.path) == READ_MAILDIR ||
           mda_fail(err, MDA_ERROR_GONE, "there is no folder %s", sweep->folder.path);
}

static bool compile(struct sweep *sweep, const struct conf *conf, GError **err)
{
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    g_autofree char *text = NULL;
    gsize size = 0;
    sweep->engine = sieve_engine_get(conf_string(conf, CONF_SIEVE_ENGINE), err);
    if (!sweep->engine || !files_read_argument(opt_script, FILES_TEXT_MAX, &text, &size, err))
        return false;
    g_autoptr(GPtrArray) wrong =
        sieve_settings_load(conf, g_get_home_dir(), sweep->source.settings);
    if (wrong->len > 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s", (char *)g_ptr_array_index(wrong, 0));
    sieve_beside_configure(&sweep->source, conf, g_get_home_dir());
    sieve_execute_surroundings(&sweep->source, sweep->folder.root, &sweep->host);
    sweep->host.flags = flags_of;
    sweep->host.owner = sieve_script_owner(conf, g_get_home_dir(), opt_script);
    if (sweep->engine->compile(opt_script, text, size, &sweep->host, diagnostics, &sweep->program))
        return true;
    for (guint i = 0; i < diagnostics->list->len; i++) {
        g_autofree char *line = sieve_diagnostic_format(g_ptr_array_index(diagnostics->list, i));
        complain(opt_script, line);
    }
    return mda_fail(err, MDA_ERROR_SYNTAX, "the script does not compile");
}

int sieve_filter_command(struct command_context *context, int argc, char **argv)
{
    g_autoptr(GError) err = NULL;
    struct sweep sweep = {0};
    if (!options_parse(context, entries, "FOLDER --script FILE [--execute]",
                       "Runs a script over the messages of a folder of [store] location: says what "
                       "would be done, or does it.\nNothing is sent: what asks for that stays.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (argc != 2 || !opt_script) {
        fprintf(stderr,
                "backstop sieve filter: a FOLDER and --script FILE are needed; see --help\n");
        return STATUS_USAGE;
    }
    sieve_source_init(&sweep.source);
    sweep.source.personal = g_path_get_dirname(opt_script);
    bool ok = conf_load(context->conf, NULL, &err) &&
              find_folder(&sweep, context->conf, argv[1], &err) &&
              compile(&sweep, context->conf, &err) && sweep_folder(&sweep, &err);
    if (err)
        complain(argv[1], err->message);
    if (sweep.engine)
        sweep.engine->free(sweep.program);
    sieve_source_release(&sweep.source);
    g_free(sweep.folder.path);
    g_free((char *)sweep.folder.root);
    return ok && sweep.fates[FOLDER_FAILED] == 0 ? STATUS_OK : STATUS_NO;
}
