// SPDX-License-Identifier: MIT
// Programs: actions, conditions, backquotes. A line goes to the shell only if a character of
// SHELLMETAS stands in it; otherwise it is split into words here and run without one.
#include "procmail/rc-engine.h"

#include <string.h>
#include <sysexits.h>

void rc_command_clear(struct rc_command *command)
{
    g_clear_pointer(&command->line, g_free);
    g_clear_pointer(&command->label, g_free);
    g_clear_pointer(&command->argv, g_strfreev);
}

static void use_shell(struct rc_engine *engine, const char *line, struct rc_command *command_r)
{
    char *argv[] = {(char *)rc_get(engine, "SHELL"), (char *)rc_get(engine, "SHELLFLAGS"),
                    (char *)line, NULL};
    command_r->argv = g_strdupv(argv);
    command_r->line = g_strdup(line);
    command_r->label = g_strdup(line);
    command_r->shell = true;
}

void rc_command_words(struct rc_engine *engine, const struct rc_words *words,
                      struct rc_command *command_r)
{
    *command_r = (struct rc_command){.argv = rc_words_vector(words, rc_arguments(engine))};
    g_auto(GStrv) plain = rc_words_vector(words, NULL);
    command_r->line = g_strjoinv(" ", plain);
    command_r->label = g_strdup(plain[0] ? plain[0] : "");
}

void rc_command_new(struct rc_engine *engine, const char *line, struct rc_command *command_r)
{
    *command_r = (struct rc_command){0};
    const char *metas = rc_get(engine, "SHELLMETAS");
    if (strpbrk(line, metas)) {
        use_shell(engine, line, command_r);
        return;
    }
    struct rc_source source = {.text = line, .length = strlen(line)};
    struct rc_words words;
    bool fits = rc_evaluate(engine, &source, RC_WORDS, false, NULL, &words);
    if (!fits || strcmp(words.buffer->str, "test") == 0) // a builtin of the shell
        use_shell(engine, line, command_r);
    else
        rc_command_words(engine, &words, command_r);
    rc_words_clear(&words);
}

static void say_executing(struct rc_engine *engine, const struct rc_command *command)
{
    if (!rc_is_verbose(engine))
        return;
    g_autofree char *list =
        command->shell ? g_strdup(command->line) : g_strjoinv(",", command->argv);
    rc_say_quoted(engine, "Executing", list);
}

// SENDMAIL may have options behind the name.
static bool is_mailer(struct rc_engine *engine, const char *program)
{
    const char *sendmail = rc_get(engine, "SENDMAIL");
    const gsize length = strcspn(sendmail, " \t");
    return length > 0 && (strcmp(program, sendmail) == 0 ||
                          (strlen(program) == length && strncmp(program, sendmail, length) == 0));
}

void rc_run(struct rc_engine *engine, const struct rc_command *command,
            struct procmail_program *program, struct procmail_ended *ended_r)
{
    g_auto(GStrv) environment = rc_environment(engine);
    say_executing(engine, command);
    rc_log_flush(engine);
    program->argv = command->argv;
    program->mails = !command->shell && command->argv[0] && is_mailer(engine, command->argv[0]);
    program->environment = environment;
    program->timeout = (unsigned)MAX(engine->numbers[RC_TIMEOUT], 0);
    engine->host->run(engine->host, program, ended_r);
    if (!ended_r->started) {
        rc_say_quoted(engine, "Failed forking", command->label);
        ended_r->status = EX_OSERR;
    }
    if (!ended_r->started || ended_r->not_run)
        engine->not_run++;
    if (ended_r->timed_out) {
        rc_say(engine, "Timeout, terminating");
        rc_quote(engine, command->label);
    }
    engine->last_size = ended_r->sent;
    if (program->wait != PROCMAIL_DONT_WAIT)
        engine->exit_status = ended_r->status;
}

static void say_failure(struct rc_engine *engine, int status, enum procmail_wait wait,
                        const char *line)
{
    bool quiet = wait == PROCMAIL_WAIT_QUIETLY;
    if (quiet && !rc_is_verbose(engine))
        return;
    g_autofree char *text =
        g_strdup_printf(quiet ? "Non-zero exitcode (%d) from" : "Program failure (%d) of", status);
    rc_say_quoted(engine, text, line);
}

bool rc_feed(struct rc_engine *engine, const struct rc_command *command,
             struct procmail_program *program)
{
    struct procmail_ended ended;
    const enum procmail_wait wait = program->wait;
    rc_run(engine, command, program, &ended);
    // Without a wait procmail would take a program that does not exist for one that has the mail.
    if (!ended.started || rc_stopped(engine) || (ended.not_run && wait == PROCMAIL_DONT_WAIT))
        return false;
    bool failed = ended.write_failed && !program->ignore_errors;
    if (failed)
        rc_say_quoted(engine, "Error while writing to", command->label);
    if (wait != PROCMAIL_DONT_WAIT && ended.status != 0) {
        say_failure(engine, ended.status, wait, command->label);
        failed = true;
    }
    return !failed;
}

char *rc_output_of(struct rc_engine *engine, const char *line, gsize limit)
{
    struct rc_command command;
    struct procmail_ended ended;
    GString *output = g_string_new(NULL);
    rc_command_new(engine, line, &command);
    struct procmail_program program = {.input = engine->message.data,
                                       .input_size = engine->message.size,
                                       .newline = true,
                                       .wait = PROCMAIL_WAIT,
                                       .output = output,
                                       .output_limit = limit};
    rc_run(engine, &command, &program, &ended);
    if (ended.timed_out) // what procmail says here, though nothing was to be rescued
        rc_say(engine, "Rescue of unfiltered data succeeded\n");
    if (ended.excessive) {
        rc_say_quoted(engine, "Excessive output quenched from", command.label);
        rc_set(engine, "PROCMAIL_OVERFLOW", "yes");
    }
    while (!ended.excessive && output->len > 0 && output->str[output->len - 1] == '\n')
        g_string_truncate(output, output->len - 1);
    rc_command_clear(&command);
    return g_string_free(output, FALSE);
}
