// SPDX-License-Identifier: MIT
// The run of an rc file from its first statement to the engine's last word.
#include "procmail/rc-engine.h"

#include <string.h>

void rc_end(struct rc_engine *engine, enum rc_end end)
{
    if (engine->ended)
        return;
    engine->ended = true;
    engine->end = end;
}

bool rc_stopped(struct rc_engine *engine)
{
    if (!engine->ended && engine->host->interrupted(engine->host)) {
        rc_say(engine, "Terminating prematurely\n");
        engine->hasty = true;
        rc_end(engine, RC_STOPPED);
    }
    return engine->ended || engine->leave;
}

static void run_assignment(struct rc_engine *engine, const struct rc_statement *statement)
{
    struct rc_source source = {.text = statement->text, .length = strlen(statement->text)};
    struct rc_words words;
    // The name and the '=' take up room, too.
    g_autofree char *head = g_strconcat(statement->name, "=", NULL);
    if (rc_evaluate(engine, &source, RC_VALUE, false, head, &words)) {
        g_autofree char *value = g_strdup(words.buffer->str + strlen(head));
        rc_say_verbose(engine, "Assigning", words.buffer->str);
        rc_set(engine, statement->name, value);
        rc_assigned(engine, statement->name, value);
    }
    rc_words_clear(&words);
}

static void run_recipe(struct rc_engine *engine, const struct rc_statement *recipe, bool skip)
{
    struct rc_source source = {.text = recipe->head, .length = strlen(recipe->head)};
    struct rc_words words;
    struct rc_head head;
    bool fits = rc_evaluate(engine, &source, RC_WORDS, skip, NULL, &words);
    rc_head_read(&words, &head);
    rc_words_clear(&words);
    if (!fits) {
        engine->leave = true; // procmail gives the file up here
        rc_head_clear(&head);
        return;
    }
    if (head.rest)
        rc_say_quoted(engine, "Skipped", head.rest);
    bool holds = rc_conditions(engine, recipe, &head, skip);
    bool missing = recipe->action == RC_MISSING;
    if (missing)
        rc_say(engine, "Missing action\n");
    if (!skip) {
        struct rc_chain *chain = &engine->chain;
        bool counts = holds && !missing;
        if (!head.flags[RC_ALSO] && !head.flags[RC_ALSO_IF_DONE])
            chain->matched = counts;
        if (!chain->chain_matched || !head.flags[RC_ELSE])
            chain->chain_matched = counts;
    }
    if (holds && !skip && head.flags[RC_ON_ERROR])
        engine->owed = false; // the rc file deals with what failed
    bool over = !missing && !rc_stopped(engine) && rc_act(engine, recipe, &head, holds);
    // What was delivered is delivered: a signal that came meanwhile must not bring a second copy.
    if (over && engine->chain.done)
        rc_end(engine, RC_DELIVERED);
    else if (over && !rc_stopped(engine))
        rc_end(engine, RC_STOPPED);
    rc_head_clear(&head);
}

static void run_statement(struct rc_engine *engine, const struct rc_statement *statement, bool skip)
{
    switch (statement->kind) {
    case RC_ASSIGNMENT:
        if (!skip)
            run_assignment(engine, statement);
        break;
    case RC_REMOVAL:
        if (skip)
            break;
        rc_say_verbose(engine, "Assigning", statement->name);
        rc_set(engine, statement->name, NULL);
        rc_assigned(engine, statement->name, "");
        break;
    case RC_JUNK:
        if (*statement->text)
            rc_say_quoted(engine, "Skipped", statement->text);
        break;
    case RC_STRAY_END:
        rc_say(engine, "Closing brace unexpected\n");
        break;
    case RC_RECIPE:
    default:
        run_recipe(engine, statement, skip);
    }
}

void rc_run_statements(struct rc_engine *engine, const GPtrArray *statements, bool skip)
{
    for (guint i = 0; i < statements->len && !rc_stopped(engine); i++) {
        rc_unlock(engine, &engine->local_lock);
        if (++engine->statements > RC_MAX_STATEMENTS) {
            rc_say(engine, "Too many statements, the rest is skipped\n");
            rc_end(engine, RC_FELL_OFF);
            return;
        }
        run_statement(engine, g_ptr_array_index(statements, i), skip);
    }
}

void rc_run_text(struct rc_engine *engine, const char *name, const char *text, gsize length)
{
    g_autofree char *next_name = g_strdup(name);
    g_autofree char *next_text = g_memdup2(text, length ? length : 1);
    while (next_name) {
        g_autoptr(RcFile) file = rc_file_new(next_name, next_text, length);
        g_ptr_array_add(engine->files, g_strdup(next_name));
        rc_run_statements(engine, file->statements, false);
        g_ptr_array_set_size(engine->files, (gint)engine->files->len - 1);
        bool switched = engine->leave && !engine->ended;
        engine->leave = false;
        g_free(next_name);
        g_free(next_text);
        next_name = g_steal_pointer(&engine->next_name);
        next_text = g_steal_pointer(&engine->next_text);
        length = engine->next_length;
        if (switched && !next_name && engine->files->len == 0)
            rc_end(engine, RC_LEFT);
    }
}

enum rc_end rc_engine_run(struct rc_engine *engine, const char *name, const char *text,
                          gsize length)
{
    engine->ended = false;
    engine->end = RC_FELL_OFF;
    memset(&engine->chain, 0, sizeof engine->chain);
    rc_say_verbose(engine, "Rcfile:", name);
    engine->in_file = true;
    rc_run_text(engine, name, text, length);
    rc_stopped(engine); // a signal during the last statement
    engine->in_file = false;
    rc_unlock(engine, &engine->local_lock);
    if (engine->end == RC_LEFT || engine->end == RC_FELL_OFF)
        engine->ended = false;
    return engine->end;
}

static const char *const presets[][2] = {
    {"SHELLMETAS", "&|<>~;?*["},
    {"LOCKEXT", ".lock"},
    {"MSGPREFIX", "msg."},
    {"SHELLFLAGS", "-c"},
    {"SENDMAIL", "/usr/sbin/sendmail"},
    {"SENDMAILFLAGS", "-oi"},
    {"PROCMAIL_VERSION", "3.23pre"}, // scripts ask for it; this is whose language it is
    {"LINEBUF", "2048"},
};

struct rc_engine *rc_engine_new(struct procmail_host *host)
{
    struct rc_engine *engine = g_new0(struct rc_engine, 1);
    engine->host = host;
    engine->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    engine->arguments = g_new0(char *, 1);
    engine->files = g_ptr_array_new_with_free_func(g_free);
    engine->pending_log = g_string_new(NULL);
    engine->linebuf = RC_LINEBUF;
    engine->last_file = true;
    engine->numbers[RC_LOCKSLEEP] = 8;
    engine->numbers[RC_LOCKTIMEOUT] = 1024;
    engine->numbers[RC_SUSPEND] = 16;
    engine->numbers[RC_NORESRETRY] = 4;
    engine->numbers[RC_TIMEOUT] = 960;
    engine->numbers[RC_LOGABSTRACT] = -1;
    for (gsize i = 0; i < G_N_ELEMENTS(presets); i++)
        rc_set(engine, presets[i][0], presets[i][1]);
    return engine;
}

void rc_engine_free(struct rc_engine *engine)
{
    if (!engine)
        return;
    rc_message_clear(&engine->message);
    g_hash_table_unref(engine->variables);
    g_strfreev(engine->arguments);
    g_ptr_array_unref(engine->files);
    g_string_free(engine->pending_log, TRUE);
    g_free(engine->global_lock);
    g_free(engine->local_lock);
    g_free(engine->scratch);
    g_free(engine->next_name);
    g_free(engine->next_text);
    g_free(engine);
}

void rc_engine_message(struct rc_engine *engine, char *data, gsize size, bool ignore_length)
{
    engine->message.ignore_length = ignore_length;
    rc_message_set(&engine->message, data, size);
}

void rc_engine_arguments(struct rc_engine *engine, char *const *arguments)
{
    g_strfreev(engine->arguments);
    engine->arguments = g_strdupv((char **)arguments);
    engine->shifted = 0;
}

void rc_engine_preset(struct rc_engine *engine, const char *name, const char *value)
{
    rc_set(engine, name, value);
}

const char *rc_engine_value(const struct rc_engine *engine, const char *name)
{
    return g_hash_table_lookup(engine->variables, name);
}

bool rc_engine_assign(struct rc_engine *engine, const char *text)
{
    const char *sign = strchr(text, '=');
    if (!sign)
        return false;
    g_autofree char *name = g_strndup(text, (gsize)(sign - text));
    g_autofree char *value = rc_evaluate_text(engine, sign + 1);
    if (value) {
        rc_say_verbose(engine, "Assigning", text);
        rc_set(engine, name, value);
        rc_assigned(engine, name, value);
    }
    return true;
}

void rc_engine_last_file(struct rc_engine *engine, bool last)
{
    engine->last_file = last;
}

void rc_engine_trace(struct rc_engine *engine, bool trace)
{
    engine->trace = trace;
}

// EXITCODE as the user set it, or what TRAP's end may still change; TRAP is run here.
static int apply_exitcode_and_trap(struct rc_engine *engine, int status)
{
    g_autofree char *trap = g_strdup(rc_get(engine, "TRAP"));
    const char *wanted = rc_engine_value(engine, "EXITCODE");
    bool trap_decides = false;
    if (engine->exit_code_set && wanted) {
        long code = rc_number(wanted, -2);
        if (code >= 0)
            status = (int)(code & 0xff);
        trap_decides = code == -2;
    } else if (*trap) {
        g_autofree char *text = g_strdup_printf("%d", status);
        rc_set(engine, "EXITCODE", text);
    }
    if (!*trap)
        return status;
    struct rc_command command;
    struct procmail_ended ended;
    struct procmail_program program = {.input = engine->message.data,
                                       .input_size = engine->message.size,
                                       .newline = true,
                                       .wait = PROCMAIL_WAIT,
                                       .output_to_log = true};
    rc_command_new(engine, trap, &command);
    gsize size = engine->last_size;
    rc_run(engine, &command, &program, &ended);
    engine->last_size = size;
    rc_command_clear(&command);
    return ended.status != 0 && trap_decides ? ended.status & 0xff : status;
}

int rc_engine_finish(struct rc_engine *engine, int status)
{
    const char *folder = status == 0              ? rc_get(engine, "LASTFOLDER")
                         : engine->fake_delivered ? "**Lost**"
                         : status == 75           ? "**Requeued**"
                                                  : "**Bounced**";
    rc_log_abstract(engine, folder);
    status = apply_exitcode_and_trap(engine, status);
    rc_unlock(engine, &engine->local_lock);
    rc_unlock(engine, &engine->global_lock);
    rc_log(engine, "");
    return status;
}
