// SPDX-License-Identifier: MIT
#include "hosts/script.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "hosts/script-chain.h"
#include "hosts/sieve-beside.h"
#include "hosts/sieve-execute.h"
#include "hosts/sieve-settings.h"
#include "ledger/memory.h"
#include "sieve/sieve.h"
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SCRIPT_MAX_BYTES (16 * 1024 * 1024)
// A user's error log is begun anew when it has grown beyond this.
#define SCRIPT_LOG_MAX_BYTES (64 * 1024)

// What the host functions below work on; the source comes first, as sieve-host.h asks.
struct world {
    struct sieve_source source;
    const struct conf *conf;
    gint64 now;
    struct script_chain chain;
};

static char *at_home(const char *path, const char *home)
{
    return path[0] == '~' && path[1] == '/' ? g_build_filename(home, path + 2, NULL)
                                            : g_strdup(path);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// PATH, or the *.sieve files in it when it is a directory, sorted; appended to PATHS. A directory
// that cannot be read is taken for a script that cannot.
static void add_scripts(GPtrArray *paths, const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DIR) directory = opendir(path);
    if (!directory) {
        g_ptr_array_add(paths, g_strdup(path));
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, ".sieve"))
            g_ptr_array_add(names, g_build_filename(path, entry->d_name, NULL));
    }
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(paths, g_strdup(g_ptr_array_index(names, i)));
}

// The user's active script, or the site's default, or NULL. Owned by the caller.
static char *own_script(const struct conf *conf, const char *home)
{
    const char *const *places = conf_list(conf, CONF_SIEVE_SCRIPTS);
    for (; *places; places++) {
        g_autofree char *path = at_home(*places, home);
        // One that is there and cannot be read is the one all the same.
        if (access(path, F_OK) == 0 || errno != ENOENT)
            return g_steal_pointer(&path);
    }
    const char *fallback = conf_string(conf, CONF_SIEVE_DEFAULT);
    return *fallback ? g_strdup(fallback) : NULL;
}

static GPtrArray *all_scripts(const struct conf *conf, const char *home)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    const char *const *before = conf_list(conf, CONF_SIEVE_BEFORE);
    const char *const *after = conf_list(conf, CONF_SIEVE_AFTER);
    for (; *before; before++)
        add_scripts(paths, *before);
    char *own = own_script(conf, home);
    if (own)
        g_ptr_array_add(paths, own);
    for (; *after; after++)
        add_scripts(paths, *after);
    return paths;
}

bool script_exists(const struct conf *conf, const char *home)
{
    g_autoptr(GPtrArray) paths = all_scripts(conf, home);
    return paths->len > 0;
}

static void set_item(struct world *world, const char *item, const char *value)
{
    if (value && *value)
        g_hash_table_insert(world->source.environment, g_strdup(item), g_strdup(value));
}

// RFC 5183 §4.1, and ours.
static void fill_environment(struct world *world, const struct script_case *script_case)
{
    const struct judged *judged = script_case->judged;
    const struct envelope *envelope = script_case->envelope;
    set_item(world, "vnd.backstop.verdict", verdict_name(judged->verdict));
    set_item(world, "vnd.backstop.class", bounce_class_name(judged->class));
    set_item(world, "vnd.backstop.rule", judged->rule);
    set_item(world, "vnd.backstop.reasons", judged->because);
    set_item(world, "remote-host", envelope->client_name);
    set_item(world, "remote-ip", envelope->client_address);
}

static void set_part(struct world *world, const char *part, const char *value)
{
    if (value)
        g_hash_table_insert(world->source.envelope, g_strdup(part), g_strdup(value));
}

// RFC 6009 §3.
static void fill_envelope(struct world *world, const struct envelope_dsn *dsn)
{
    world->source.envelope = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    set_part(world, "notify", dsn->notify);
    set_part(world, "orcpt", dsn->orcpt);
    set_part(world, "ret", dsn->ret);
    set_part(world, "envid", dsn->envid);
}

static void fill_settings(struct world *world, const char *home, const char *recipient)
{
    const char *domain = text_domain_of(recipient);
    if (domain)
        g_hash_table_insert(world->source.settings, g_strdup("postmaster_address"),
                            g_strconcat("postmaster@", domain, NULL));
    g_autoptr(GPtrArray) wrong = sieve_settings_load(world->conf, home, world->source.settings);
    for (guint i = 0; i < wrong->len; i++)
        log_line(LOG_LEVEL_ERROR, "configuration: %s", (char *)g_ptr_array_index(wrong, i));
}

static bool mailbox_exists(void *data, const char *mailbox)
{
    const struct world *world = data;
    g_autofree char *root = NULL;
    const struct store *store =
        store_for(conf_string(world->conf, CONF_STORE_LOCATION), &root, NULL);
    g_autofree char *path = store ? store->folder_path(root, mailbox, NULL) : NULL;
    return path && g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool duplicate_seen(void *data, const char *key)
{
    const struct world *world = data;
    g_autofree char *full = g_strconcat("duplicate:", key, NULL);
    g_autoptr(GError) err = NULL;
    bool seen = memory_has(world->conf, full, world->now, &err);
    if (err)
        log_line(LOG_LEVEL_WARNING, "duplicate: %s", err->message);
    return seen;
}

static bool call_program(void *data, const struct sieve_program_call *call, GBytes **output_r,
                         GError **err)
{
    return sieve_program_run(data, call, output_r, err);
}

struct sieve_source *script_source(const struct script_case *script_case)
{
    struct world *world = g_new0(struct world, 1);
    world->conf = script_case->conf;
    world->now = (gint64)time(NULL);
    sieve_source_init(&world->source);
    sieve_source_set_message(&world->source, script_case->message);
    world->source.from = g_strdup(script_case->envelope->sender);
    world->source.to = g_strdup(script_case->envelope->recipient);
    world->source.orig_to = g_strdup(script_case->envelope->original_recipient);
    world->source.addressed = g_strdup(script_case->envelope->addressed);
    world->source.personal = g_strdup(conf_string(world->conf, CONF_SIEVE_PERSONAL));
    const char *global = conf_string(world->conf, CONF_SIEVE_GLOBAL);
    world->source.global = *global ? g_strdup(global) : NULL;
    fill_environment(world, script_case);
    fill_envelope(world, &script_case->envelope->dsn);
    fill_settings(world, script_case->home, script_case->envelope->recipient);
    sieve_beside_configure(&world->source, world->conf, script_case->home);
    world->source.mailbox_exists = mailbox_exists;
    return &world->source;
}

static GPtrArray *flags_so_far(void *data)
{
    const struct world *world = data;
    return world->chain.flags ? g_ptr_array_ref(world->chain.flags) : NULL;
}

static void fill_host(struct sieve_source *source, struct sieve_host *host)
{
    sieve_source_host(source, host);
    host->duplicate_seen = duplicate_seen;
    host->call = call_program;
    host->flags = flags_so_far;
}

// Tells the owner beside the script, where a mail user will look, and the log that it happened.
static void complain(const char *path, const struct sieve_diagnostics *diagnostics)
{
    GString *text = g_string_new(NULL);
    const char *first = "it failed";
    for (guint i = 0; i < diagnostics->list->len; i++) {
        const struct sieve_diagnostic *diagnostic = g_ptr_array_index(diagnostics->list, i);
        g_autofree char *line = sieve_diagnostic_format(diagnostic);
        if (diagnostic->severity == SIEVE_ERROR && text->len == 0)
            first = diagnostic->text;
        g_string_append_printf(text, "%s\n", line);
    }
    g_autofree char *log_path = g_strconcat(path, ".log", NULL);
    struct stat status;
    mda_autofd fd = files_open_to_append(log_path, FILES_NO_LINK, 0600, FILES_OURS, &status, NULL);
    struct file_segment all = {text->str, text->len};
    bool told = fd >= 0 && S_ISREG(status.st_mode) &&
                (status.st_size < SCRIPT_LOG_MAX_BYTES || ftruncate(fd, 0) == 0) &&
                files_write(fd, &all, 1, NULL);
    log_line(LOG_LEVEL_WARNING, "Sieve script %s: %s%s%s", path, first,
             told ? "; all errors are in " : "", told ? log_path : "");
    g_string_free(text, TRUE);
}

// False when it does not compile or fails; its owner is told.
static bool run_script(const struct sieve_engine *engine, const char *path, const char *text,
                       gsize size, const struct sieve_host *host, struct plan *plan)
{
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    struct sieve_program *program = NULL;
    bool sound = engine->compile(path, text, size, host, diagnostics, &program) &&
                 engine->execute(program, host, plan, diagnostics);
    if (!sound)
        complain(path, diagnostics);
    if (program)
        engine->free(program);
    return sound;
}

// What a script asked for could not be had, for a reason that may pass: a file of it that cannot be
// read, the module that takes messages apart. Its answers are worth nothing then.
static bool was_hindered(const struct world *world, const char *path, guint lacks, GError **err)
{
    const char *why = world->source.hindrance;
    if (!why && mime_lacks() != lacks)
        why = "the message cannot be taken apart without the module backstop-mime.so";
    if (why)
        mda_fail(err, MDA_ERROR_TEMP, "Sieve script %s: %s", path, why);
    return why != NULL;
}

enum turn { TURN_DEFER, TURN_OVER, TURN_NEXT };

// One script's turn: it is over with the chain when the script fails. TURN_DEFER with *err.
static enum turn take_turn(const struct sieve_engine *engine, const struct sieve_host *host,
                           const char *path, struct plan *plan, GError **err)
{
    struct world *world = host->data;
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) why = NULL;
    const guint lacks = mime_lacks();
    bool read = files_read(path, SCRIPT_MAX_BYTES, &text, &size, &why);
    if (!read && g_error_matches(why, MDA_ERROR, MDA_ERROR_TEMP)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return TURN_DEFER;
    }
    if (!read)
        log_line(LOG_LEVEL_WARNING, "Sieve script %s", why->message);
    if (!read && g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE))
        return TURN_NEXT;
    script_chain_next(&world->chain, plan);
    bool sound = read && run_script(engine, path, text, size, host, plan);
    if (was_hindered(world, path, lacks, err))
        return TURN_DEFER;
    if (!sound)
        script_chain_fail(&world->chain, plan);
    return sound ? TURN_NEXT : TURN_OVER;
}

static bool run_all(const struct script_case *script_case, const struct sieve_engine *engine,
                    struct sieve_host *host, struct script_chain *chain, struct plan *plan,
                    GError **err)
{
    g_autoptr(GPtrArray) paths = all_scripts(script_case->conf, script_case->home);
    enum turn turn = TURN_NEXT;
    for (guint i = 0; i < paths->len && turn == TURN_NEXT && plan_keeps(plan); i++) {
        const char *path = g_ptr_array_index(paths, i);
        host->owner = sieve_script_owner(script_case->conf, script_case->home, path);
        turn = take_turn(engine, host, path, plan, err);
        if (turn == TURN_DEFER)
            return false;
    }
    script_chain_end(chain, plan);
    return true;
}

bool script_plan(const struct script_case *script_case, struct plan **plan_r,
                 struct sieve_source **source_r, GError **err)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(Plan) plan = plan_new();
    struct sieve_source *source = script_source(script_case);
    struct sieve_host host = {0};
    fill_host(source, &host);
    const struct sieve_engine *engine =
        sieve_engine_get(conf_string(script_case->conf, CONF_SIEVE_ENGINE), &why);
    if (!engine)
        log_line(LOG_LEVEL_WARNING, "[sieve] engine: %s; no script runs", why->message);
    struct world *world = (struct world *)source;
    world->chain.source = source;
    bool done = !engine || run_all(script_case, engine, &host, &world->chain, plan, err);
    script_chain_clear(&world->chain);
    if (!done) {
        sieve_source_release(source);
        g_free(source);
        return false;
    }
    sieve_beside_resolve(source, plan);
    *plan_r = g_steal_pointer(&plan);
    *source_r = source;
    return true;
}
