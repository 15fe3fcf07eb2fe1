// SPDX-License-Identifier: MIT
// backstop translate: another program's rules as a Sieve script.
#include "procmail/translate/translate.h"

#include "base/auto.h"
#include "base/files.h"
#include "cmd/options.h"
#include "hosts/sieve-execute.h"
#include "sieve/sieve.h"

#include <string.h>

static void print_remarks(const char *path, const struct rc_translation *translation)
{
    for (guint i = 0; i < translation->remarks->len; i++) {
        const struct rc_remark *remark = g_ptr_array_index(translation->remarks, i);
        fprintf(stderr, "%s:%u: %s: %s\n", path, remark->line,
                remark->kind == RC_LOST ? "not translated" : "differs", remark->text);
    }
}

static bool is_complete(const struct rc_translation *translation)
{
    for (guint i = 0; i < translation->remarks->len; i++)
        if (((struct rc_remark *)g_ptr_array_index(translation->remarks, i))->kind == RC_LOST)
            return false;
    return true;
}

// Does our own engine take the script? What it refuses is dead as a whole.
static bool compiles(const char *path, const char *script)
{
    struct sieve_source source;
    struct sieve_host host = {0};
    struct sieve_program *program = NULL;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    sieve_source_init(&source);
    sieve_execute_surroundings(&source, NULL, &host);
    const bool sound = sieve_compile(path, script, strlen(script), &host, diagnostics, &program);
    for (guint i = 0; !sound && i < diagnostics->list->len; i++) {
        const struct sieve_diagnostic *diagnostic = g_ptr_array_index(diagnostics->list, i);
        if (diagnostic->severity == SIEVE_ERROR)
            fprintf(stderr, "%s: the script is refused in its line %u: %s\n", path,
                    diagnostic->at.line, diagnostic->text);
    }
    sieve_program_free(program);
    sieve_source_release(&source);
    return sound;
}

int cmd_translate(struct command_context *context, int argc, char **argv)
{
    g_autofree char *from = NULL;
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &from, "The language of FILE (procmail)", "LANGUAGE"},
        G_OPTION_ENTRY_NULL};
    if (!options_parse(context, entries, "[OPTION...] FILE",
                       "Prints the Sieve script that does what a procmail rc file does, and tells "
                       "on standard error\nwhat cannot be said in Sieve. Exit status: 0 all of it "
                       "is in the script, 1 something is not.",
                       &argc, &argv))
        return STATUS_USAGE;
    if (argc != 2 || (from && strcmp(from, "procmail") != 0)) {
        fprintf(stderr, "backstop translate: %s\n",
                argc != 2 ? "name one FILE" : "only --from=procmail is known");
        return STATUS_USAGE;
    }
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    if (!files_read_argument(argv[1], FILES_TEXT_MAX, &text, &length, &error)) {
        fprintf(stderr, "backstop translate: %s\n", error->message);
        return STATUS_TEMPFAIL;
    }
    struct rc_translation translation;
    rc_translate(argv[1], text, length, &translation);
    fputs(translation.script, stdout);
    print_remarks(argv[1], &translation);
    bool complete = is_complete(&translation) && compiles(argv[1], translation.script);
    rc_translation_clear(&translation);
    if (fflush(stdout) != 0)
        return STATUS_TEMPFAIL;
    return complete ? STATUS_OK : STATUS_NO;
}
