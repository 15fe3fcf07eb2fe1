// SPDX-License-Identifier: MIT
// From text to program: a script is read and checked, and those that it includes with it.
#include "sieve/lang/engine.h"
#include "sieve/lang/parse.h"

static void script_free(gpointer data)
{
    struct sieve_script *script = data;
    g_clear_pointer(&script->commands, g_ptr_array_unref);
    g_hash_table_unref(script->globals);
    g_hash_table_unref(script->locals);
    g_free(script->enabled);
    g_free(script->name);
    g_free(script);
}

static struct sieve_script *script_new(const char *name, enum sieve_location location)
{
    struct sieve_script *script = g_new0(struct sieve_script, 1);
    script->name = g_strdup(name);
    script->location = location;
    script->enabled = g_new0(bool, sieve_extension_count);
    script->globals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    script->locals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return script;
}

static bool finish_all(struct sieve_checker *checker)
{
    checker->script->valid = true;
    for (guint i = 0; i < checker->unfinished->len; i++) {
        struct sieve_node *node = g_ptr_array_index(checker->unfinished, i);
        if (!node->verb->finish(checker, node))
            return false;
    }
    return true;
}

const char *sieve_script_stage(const struct sieve_script *script)
{
    return !script->commands ? "syntax" : !script->valid ? "content" : "include";
}

static bool size_allowed(const struct sieve_host *host, const char *name, gsize size,
                         struct sieve_diagnostics *diagnostics)
{
    gint64 most = sieve_setting_size(host, "max_script_size", SIEVE_MAX_SCRIPT);
    if (most == 0 || size <= (guint64)most)
        return true;
    sieve_diagnose(diagnostics, SIEVE_ERROR, name, (struct sieve_position){1, 0},
                   MSG_SCRIPT_TOO_BIG, most);
    return false;
}

bool sieve_check_script(struct sieve_checker *includer, struct sieve_program *program,
                        const struct sieve_host *host, struct sieve_diagnostics *diagnostics,
                        const char *name, enum sieve_location location, const char *text,
                        gsize size, guint *script_r)
{
    struct sieve_script *script = script_new(name, location);
    *script_r = program->scripts->len;
    g_ptr_array_add(program->scripts, script);
    if (!size_allowed(host, name, size, diagnostics))
        return false;
    script->commands = sieve_parse(name, text, size, diagnostics);
    if (!script->commands)
        return false;
    struct sieve_checker checker = {.program = program,
                                    .script = script,
                                    .host = host,
                                    .diagnostics = diagnostics,
                                    .includer = includer};
    checker.reported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    checker.loops = g_ptr_array_new();
    checker.unfinished = g_ptr_array_new();
    checker.needy = g_array_new(FALSE, FALSE, sizeof(struct sieve_needy));
    guint before = diagnostics->errors;
    bool ok = sieve_check_block(&checker, script->commands) && diagnostics->errors == before &&
              finish_all(&checker);
    g_ptr_array_unref(checker.loops);
    g_ptr_array_unref(checker.unfinished);
    g_array_unref(checker.needy);
    g_hash_table_unref(checker.reported);
    return ok;
}

struct sieve_program *sieve_program_new(void)
{
    struct sieve_program *program = g_new0(struct sieve_program, 1);
    program->scripts = g_ptr_array_new_with_free_func(script_free);
    return program;
}

void sieve_program_free(struct sieve_program *program)
{
    if (!program)
        return;
    g_ptr_array_unref(program->scripts);
    g_free(program);
}

bool sieve_compile(const char *name, const char *text, gsize size, const struct sieve_host *host,
                   struct sieve_diagnostics *diagnostics, struct sieve_program **program_r)
{
    g_autoptr(SieveProgram) program = sieve_program_new();
    guint before = diagnostics->errors, index = 0;
    bool ok =
        sieve_check_script(NULL, program, host, diagnostics, name, host->owner, text, size, &index);
    if (ok && diagnostics->errors == before) {
        *program_r = g_steal_pointer(&program);
        return true;
    }
    const struct sieve_script *script = g_ptr_array_index(program->scripts, 0);
    sieve_diagnose(diagnostics, SIEVE_ERROR, name, (struct sieve_position){0, 0}, MSG_STAGE_FAILED,
                   sieve_script_stage(script));
    return false;
}
