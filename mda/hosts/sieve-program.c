// SPDX-License-Identifier: MIT
// Programs that a script may call: those in one configured directory, by their bare name, for a
// limited time and with limited output. A program gets the envelope in its environment and nothing
// else.
#include "base/error.h"
#include "base/process.h"
#include "base/quantity.h"
#include "base/surroundings.h"
#include "hosts/sieve-execute.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

// From here on a status is none of the program's own: a shell (or base/child.c) says so that it
// cannot be run, 126, or is not there, 127; behind these are deaths by signal.
#define CANNOT_RUN 126
#define BY_SIGNAL 128
#define DEFAULT_MILLISECONDS 10000
// "No limit" ends before the delivery itself is given up, which would begin it all again.
#define LONGEST_MILLISECONDS 540000
#define MAX_OUTPUT (64 * 1024 * 1024)

static const char *directory_of(const struct sieve_source *source, int kind, gint64 *milliseconds_r)
{
    static const char *const kinds[] = {[SIEVE_CALL_PIPE] = "pipe",
                                        [SIEVE_CALL_FILTER] = "filter",
                                        [SIEVE_CALL_EXECUTE] = "execute"};
    g_autofree char *directory = g_strconcat(kinds[kind], "_bin_dir", NULL);
    g_autofree char *timeout = g_strconcat(kinds[kind], "_exec_timeout", NULL);
    const char *limit = g_hash_table_lookup(source->settings, timeout);
    if (!limit || !quantity_duration(limit, milliseconds_r))
        *milliseconds_r = DEFAULT_MILLISECONDS;
    if (*milliseconds_r == 0 || *milliseconds_r > LONGEST_MILLISECONDS)
        *milliseconds_r = LONGEST_MILLISECONDS;
    return g_hash_table_lookup(source->settings, directory);
}

static char **environment_of(const struct sieve_source *source)
{
    char **list = surroundings_environment(false);
    list = g_environ_setenv(list, "USER", g_get_user_name(), TRUE);
    if (source->from)
        list = g_environ_setenv(list, "SENDER", source->from, TRUE);
    if (source->to)
        list = g_environ_setenv(list, "RECIPIENT", source->to, TRUE);
    if (source->orig_to)
        list = g_environ_setenv(list, "ORIG_RECIPIENT", source->orig_to, TRUE);
    list = g_environ_setenv(list, "HOST", g_get_host_name(), TRUE);
    return list;
}

static bool find_program(const char *directory, const char *name, char **path_r, GError **err)
{
    struct stat info;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || access(path, X_OK) != 0)
        return mda_fail(err, MDA_ERROR_GONE, "program '%s' not found", name);
    *path_r = g_steal_pointer(&path);
    return true;
}

// The setting NAME_input_eol = crlf or lf says how lines of the input end.
static GBytes *prepare_input(const struct sieve_source *source,
                             const struct sieve_program_call *call)
{
    static const char *const names[] = {[SIEVE_CALL_PIPE] = "pipe_input_eol",
                                        [SIEVE_CALL_FILTER] = "filter_input_eol",
                                        [SIEVE_CALL_EXECUTE] = "execute_input_eol"};
    const char *eol = g_hash_table_lookup(source->settings, names[call->kind]);
    bool lf = eol && strcmp(eol, "lf") == 0;
    gsize size = 0;
    const char *data = call->input ? g_bytes_get_data(call->input, &size) : NULL;
    GString *out = g_string_sized_new(size + 64);
    for (gsize i = 0; i < size; i++) {
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
            continue;
        if (data[i] == '\n' && !lf)
            g_string_append_c(out, '\r');
        g_string_append_c(out, data[i]);
    }
    return g_string_free_to_bytes(out);
}

bool sieve_program_run(const struct sieve_source *source, const struct sieve_program_call *call,
                       GBytes **output_r, GError **err)
{
    gint64 milliseconds = 0;
    const char *directory = directory_of(source, call->kind, &milliseconds);
    g_autofree char *path = NULL;
    if (!directory)
        return mda_fail(err, MDA_ERROR_CONFIG, "no directory of programs is configured");
    if (!find_program(directory, call->program, &path, err))
        return false;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, path);
    for (guint i = 0; call->arguments && i < call->arguments->len; i++)
        g_ptr_array_add(argv, g_ptr_array_index(call->arguments, i));
    g_ptr_array_add(argv, NULL);
    g_auto(GStrv) environment = environment_of(source);
    g_autoptr(GBytes) input = prepare_input(source, call);
    struct process process = {
        .path = path,
        .argv = (char **)argv->pdata,
        .environment = environment,
        .input = input,
        .output_limit = MAX_OUTPUT,
        .deadline = deadline_in(milliseconds),
    };
    int status = 0;
    g_autoptr(GBytes) output = NULL;
    g_autoptr(GError) why = NULL;
    if (!process_run(&process, &status, &output, &why)) {
        // One that hangs would hang again: the script fails, the message is kept.
        if (deadline_passed(&process.deadline))
            return mda_fail(err, MDA_ERROR_LIMIT, "program '%s' took too long and was stopped",
                            call->program);
        g_propagate_error(err, g_steal_pointer(&why));
        return false;
    }
    if (call->answered_r)
        *call->answered_r = status < CANNOT_RUN;
    // Only a program that asks for it is tried again: one that always fails must not hold mail up
    // until the MTA returns it.
    // Ended from outside: by somebody, or for want of memory.
    const bool stopped = status == BY_SIGNAL + SIGKILL || status == BY_SIGNAL + SIGTERM;
    if (status != 0)
        return mda_fail(err, status == EX_TEMPFAIL || stopped ? MDA_ERROR_TEMP : MDA_ERROR_CONFIG,
                        "program '%s' ended with status %d", call->program, status);
    if (output_r)
        *output_r = g_steal_pointer(&output);
    return true;
}
