// SPDX-License-Identifier: MIT
#include "svtest/svtest.h"

#include "sieve/settings.h"

#include "base/error.h"
#include "base/files.h"
#include "svtest/peer-key.h"
#include "svtest/simulation.h"
#include "svtest/suite-commands.h"

#include <stdio.h>
#include <string.h>

// ---- Reporting (TAP)

static void report(struct simulation *sim, const char *name, const char *failure)
{
    g_autofree char *clean = g_strdelimit(g_strdup(name), "\r\n#", ' ');
    sim->counter->number++;
    printf("%sok %u - %s\n", failure ? "not " : "", sim->counter->number, clean);
    if (!failure)
        return;
    sim->counter->failed++;
    g_autofree char *reason = g_strdelimit(g_strdup(failure), "\r\n", ' ');
    printf("# %s: %s\n", sim->file, reason);
    for (guint i = 0; i < sim->log->list->len; i++) {
        g_autofree char *line = sieve_diagnostic_format(g_ptr_array_index(sim->log->list, i));
        printf("#   %s\n", g_strdelimit(line, "\r\n", ' '));
    }
}

static const char *suite_path(void *data)
{
    return ((struct simulation *)data)->directory;
}

static void suite_begin(void *data, const char *name)
{
    struct simulation *sim = data;
    sim->test = g_strdup(name);
}

static void suite_end(void *data, const char *failure)
{
    struct simulation *sim = data;
    report(sim, sim->test, sim->failure ? sim->failure : failure);
    g_clear_pointer(&sim->test, g_free);
    g_clear_pointer(&sim->failure, g_free);
}

static void suite_fail(void *data, const char *reason)
{
    struct simulation *sim = data;
    if (sim->inner > 0) {
        printf("# in a script under test: %s\n", reason);
        sim->inner_failed = true;
    } else if (sim->test) {
        g_free(sim->failure);
        sim->failure = g_strdup(reason);
    } else {
        sim->outside_failed = true;
        printf("# %s: test_fail outside of a test: %s\n", sim->file, reason);
    }
}

// ---- Objects and settings

static bool set_address(char **address, const char *value)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(value));
    gsize length = strlen(trimmed);
    bool angled = length >= 2 && trimmed[0] == '<' && trimmed[length - 1] == '>';
    g_free(*address);
    *address = angled ? g_strndup(trimmed + 1, length - 2) : g_steal_pointer(&trimmed);
    return true;
}

static bool suite_set(void *data, const char *object, const char *value, GError **err)
{
    struct simulation *sim = data;
    struct sieve_source *source = &sim->source;
    if (g_ascii_strcasecmp(object, "message") == 0) {
        g_autoptr(GBytes) bytes = g_bytes_new(value, strlen(value));
        simulation_set_message(sim, bytes);
        return true;
    }
    if (g_ascii_strcasecmp(object, "envelope.from") == 0)
        return set_address(&source->from, value);
    if (g_ascii_strcasecmp(object, "envelope.to") == 0)
        return set_address(&source->to, value) && set_address(&source->orig_to, value);
    if (g_ascii_strcasecmp(object, "envelope.orig_to") == 0)
        return set_address(&source->orig_to, value);
    if (g_ascii_strcasecmp(object, "envelope.auth") == 0)
        return set_address(&source->auth, value);
    if (g_ascii_strcasecmp(object, "currentdate") == 0) {
        return sieve_source_set_date(source, value) ||
               mda_fail(err, MDA_ERROR_CONFIG, "currentdate: \"%s\" is no date", value);
    }
    if (g_ascii_strncasecmp(object, "envelope.", 9) != 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "a suite cannot set \"%s\"", object);
    if (!source->envelope)
        source->envelope = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_replace(source->envelope, g_ascii_strdown(object + 9, -1), g_strdup(value));
    return true;
}

static bool take_sent(struct simulation *sim, guint64 n)
{
    if (n == SIEVE_SUITE_LAST && sim->outbox->len > 0)
        n = sim->outbox->len - 1;
    if (n >= sim->outbox->len)
        return false;
    const struct suite_mail *mail = g_ptr_array_index(sim->outbox, n);
    simulation_set_message(sim, mail->bytes);
    set_address(&sim->source.from, mail->from);
    set_address(&sim->source.to, mail->to);
    return set_address(&sim->source.orig_to, mail->to);
}

static bool suite_set_message(void *data, const char *folder, guint64 n)
{
    struct simulation *sim = data;
    if (!folder)
        return take_sent(sim, n);
    struct suite_mailbox *mailbox = simulation_mailbox(sim, folder, false);
    if (!mailbox) {
        simulation_set_default(sim);
        return false;
    }
    if (n >= mailbox->messages->len)
        return false;
    struct suite_stored *stored = g_ptr_array_index(mailbox->messages, n);
    simulation_set_message(sim, stored->bytes);
    for (guint i = 0; i < stored->flags->len; i++)
        g_ptr_array_add(sim->flags, g_strdup(g_ptr_array_index(stored->flags, i)));
    return true;
}

static GBytes *suite_message(void *data)
{
    const struct message *message = sieve_source_message(&((struct simulation *)data)->source);
    return g_bytes_new(message->data, message->size);
}

static void suite_list_add(void *data, const char *list, const char *member)
{
    simulation_list_add(data, list, member);
}

static const char *suite_verdict(void *data, bool virus)
{
    const struct simulation *sim = data;
    return virus ? sim->virus : sim->spam;
}

static bool suite_mailbox_create(void *data, const char *mailbox)
{
    return simulation_mailbox(data, mailbox, true) != NULL;
}

static void suite_metadata_set(void *data, const char *mailbox, const char *annotation,
                               const char *value)
{
    struct simulation *sim = data;
    g_autofree char *lower = g_ascii_strdown(annotation, -1);
    g_hash_table_replace(sim->metadata, g_strdup_printf("%s\n%s", mailbox ? mailbox : "", lower),
                         g_strdup(value));
}

static void suite_config_set(void *data, const char *name, const char *value)
{
    struct simulation *sim = data;
    if (simulation_config(sim, name, value))
        return;
    g_autofree char *canonical = sieve_setting_canonical(name, NULL);
    // A suite may set what means nothing here.
    const char *key = canonical ? canonical : name;
    if (value)
        g_hash_table_replace(sim->source.settings, g_strdup(key), g_strdup(value));
    else
        g_hash_table_remove(sim->source.settings, key);
}

// ---- Scripts

static bool compile_file(struct simulation *sim, const char *file, struct sieve_program **program_r)
{
    g_autofree char *path = g_canonicalize_filename(file, sim->directory);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    gsize size = 0;
    if (!files_read(path, FILES_TEXT_MAX, &text, &size, &err)) {
        sieve_diagnose(sim->log, SIEVE_ERROR, file, (struct sieve_position){0, 0},
                       MSG_SCRIPT_MISSING, file);
        return false;
    }
    g_autofree char *base = g_path_get_basename(file);
    g_autofree char *name =
        g_str_has_suffix(base, ".sieve") ? g_strndup(base, strlen(base) - 6) : g_strdup(base);
    if (!sieve_compile(name, text, size, &sim->host, sim->log, program_r))
        return false;
    g_ptr_array_add(sim->programs, *program_r);
    return true;
}

static bool suite_compile(void *data, const char *file)
{
    struct simulation *sim = data;
    struct sieve_program *program = NULL;
    sieve_diagnostics_clear(sim->log);
    if (!compile_file(sim, file, &program))
        return false;
    sim->script = program;
    return true;
}

static void reset_plan(struct simulation *sim, struct plan *plan)
{
    g_ptr_array_set_size(plan->actions, 0);
    plan->implicit_keep = true;
    g_clear_pointer(&plan->message, g_bytes_unref);
    g_clear_pointer(&plan->flags, g_ptr_array_unref);
    g_clear_pointer(&plan->error, g_free);
    sim->performed = 0;
    sim->keep_performed = false;
}

static bool run_program(struct simulation *sim, struct sieve_run *run,
                        struct sieve_program *program, struct plan *plan)
{
    bool failed_before = sim->inner_failed;
    sim->inner++;
    sim->inner_failed = false;
    bool ok = sieve_execute_on(program, run->host, run->view, plan, sim->log);
    ok &= !sim->inner_failed;
    sim->inner--;
    sim->inner_failed = failed_before;
    return ok;
}

static bool suite_run(void *data, struct sieve_run *run, bool append)
{
    struct simulation *sim = data;
    sieve_diagnostics_clear(sim->log);
    if (!append)
        reset_plan(sim, run->plan);
    return sim->script && run_program(sim, run, sim->script, run->plan);
}

// The next script of a sequence starts with the flags that this one set.
static void pass_flags_on(struct simulation *sim, const struct plan *plan)
{
    g_ptr_array_set_size(sim->flags, 0);
    for (guint i = 0; plan->flags && i < plan->flags->len; i++)
        g_ptr_array_add(sim->flags, g_strdup(g_ptr_array_index(plan->flags, i)));
}

// Before-scripts, the user's, after-scripts: each is carried out at once, all but its keep; one
// that keeps nothing ends the sequence.
static bool suite_multiscript(void *data, struct sieve_run *run, const GPtrArray *files)
{
    struct simulation *sim = data;
    bool ok = true, keep = true;
    sieve_diagnostics_clear(sim->log);
    for (guint i = 0; ok && keep && i < files->len; i++) {
        struct sieve_program *program = NULL;
        g_autoptr(Plan) plan = plan_new();
        ok = compile_file(sim, g_ptr_array_index(files, i), &program) &&
             run_program(sim, run, program, plan);
        keep = plan_keeps(plan);
        pass_flags_on(sim, plan);
        plan_drop_keeps(plan);
        ok = ok && simulation_perform(sim, plan, 0, false);
        if (keep && (i + 1 == files->len || !ok))
            simulation_keep(sim, plan->message, plan->flags);
    }
    return ok;
}

static bool suite_execute(void *data, struct sieve_run *run)
{
    struct simulation *sim = data;
    sieve_diagnostics_clear(sim->log);
    bool ok = simulation_perform(sim, run->plan, sim->performed, !sim->keep_performed);
    sim->performed = run->plan->actions->len;
    for (guint i = 0; i < sim->performed; i++)
        ((struct plan_action *)g_ptr_array_index(run->plan->actions, i))->settled = true;
    sim->keep_performed = true;
    return ok;
}

static void suite_reset(void *data, struct sieve_run *run)
{
    struct simulation *sim = data;
    reset_plan(sim, run->plan);
    g_ptr_array_set_size(sim->outbox, 0);
    // What filter, enclose, replace and editheader made of the message goes as well.
    sieve_source_replace(&sim->source, NULL);
    sieve_view_reset(run->view);
}

static bool suite_binary(void *data, const char *name, bool load)
{
    struct simulation *sim = data;
    if (!load) {
        if (sim->script)
            g_hash_table_replace(sim->binaries, g_strdup(name), sim->script);
        return sim->script != NULL;
    }
    struct sieve_program *program = g_hash_table_lookup(sim->binaries, name);
    if (program)
        sim->script = program;
    return program != NULL;
}

// ---- Results

static GPtrArray *suite_actions(void *data, struct sieve_run *run)
{
    (void)data;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < run->plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(run->plan->actions, i);
        const char *name = action->kind == PLAN_FILEINTO ? "store" : plan_kind_name(action->kind);
        g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

static GPtrArray *suite_errors(void *data)
{
    const struct simulation *sim = data;
    GPtrArray *errors = g_ptr_array_new();
    for (guint i = 0; i < sim->log->list->len; i++) {
        struct sieve_diagnostic *diagnostic = g_ptr_array_index(sim->log->list, i);
        if (diagnostic->severity == SIEVE_ERROR)
            g_ptr_array_add(errors, diagnostic);
    }
    return errors;
}

static bool suite_asks_for(void *data, const char *key, const struct sieve_diagnostic *error)
{
    return ((const struct simulation *)data)->lenient && peer_key_asks_for(key, error);
}

static const struct sieve_suite operations = {
    .path = suite_path,
    .begin = suite_begin,
    .end = suite_end,
    .fail = suite_fail,
    .set = suite_set,
    .set_message = suite_set_message,
    .message = suite_message,
    .list_add = suite_list_add,
    .verdict = suite_verdict,
    .mailbox_create = suite_mailbox_create,
    .metadata_set = suite_metadata_set,
    .config_set = suite_config_set,
    .compile = suite_compile,
    .run = suite_run,
    .multiscript = suite_multiscript,
    .execute = suite_execute,
    .reset = suite_reset,
    .binary = suite_binary,
    .actions = suite_actions,
    .errors = suite_errors,
    .asks_for = suite_asks_for,
};

// ---- Files

static void print_own(const struct sieve_diagnostics *own)
{
    for (guint i = 0; i < own->list->len; i++) {
        const struct sieve_diagnostic *diagnostic = g_ptr_array_index(own->list, i);
        g_autofree char *line = sieve_diagnostic_format(diagnostic);
        if (diagnostic->severity == SIEVE_ERROR)
            printf("# %s\n", g_strdelimit(line, "\r\n", ' '));
    }
}

// What is wrong with running the file as a whole, or NULL.
static const char *run_text(struct simulation *sim, const char *text, gsize size)
{
    g_autoptr(SieveDiagnostics) own = sieve_diagnostics_new();
    g_autoptr(SieveProgram) program = NULL;
    g_autoptr(Plan) plan = plan_new();
    if (!sieve_compile(sim->file, text, size, &sim->host, own, &program)) {
        print_own(own);
        return "the test script does not compile";
    }
    bool ok = sieve_execute(program, &sim->host, plan, own);
    print_own(own);
    if (sim->outside_failed)
        return "test_fail stands outside of a test";
    return ok ? NULL : "the test script was aborted by an error";
}

static void run_file(const char *file, struct suite_counter *counter, bool lenient)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    gsize size = 0;
    struct simulation sim;
    simulation_init(&sim, file, counter);
    sim.lenient = lenient;
    sim.host.suite = &operations;
    printf("# %s\n", file);
    if (!files_read_argument(file, FILES_TEXT_MAX, &text, &size, &err)) {
        report(&sim, file, err->message);
    } else {
        guint before = counter->number;
        const char *fault = run_text(&sim, text, size);
        if (!fault && counter->number == before)
            printf("# %s has no tests\n", file);
        if (fault) {
            g_autofree char *name = g_strdup_printf("%s runs to its end", file);
            report(&sim, name, fault);
        }
    }
    simulation_release(&sim);
    fflush(stdout);
}

static bool run_files(char **files, guint count, bool lenient)
{
    struct suite_counter counter = {0};
    sieve_extension_add(&sieve_ext_testsuite);
    sieve_extension_add(&sieve_ext_stalwart_testsuite);
    if (lenient)
        printf("# the words of errors need only be like those that test_error names\n");
    for (guint i = 0; i < count; i++)
        run_file(files[i], &counter, lenient);
    printf("1..%u\n", counter.number);
    return counter.failed == 0;
}

extern const struct svtest_api MODULE_SYMBOL;
const struct svtest_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .run = run_files};
