// SPDX-License-Identifier: MIT
// What a recipe does when its conditions hold.
#include "procmail/rc-engine.h"

#include <string.h>

// Ends the name of a file behind ">>" in a command.
#define NAME_ENDS " \t\n#`'\");"

struct act {
    struct rc_engine *engine;
    const struct rc_statement *recipe;
    struct rc_head *head;
    enum rc_part part;
    const char *data;
    gsize size;
    enum procmail_wait wait;
    guint64 not_run; // the engine's count when the action began
    bool done;
};

static void say_extraneous(struct rc_engine *engine, const char *what)
{
    rc_say(engine, "Extraneous ");
    rc_log(engine, what);
    rc_log(engine, " ignored\n");
}

static void complain(void *context, const char *what, const char *quoted)
{
    rc_engine_say(context, what, quoted);
}

// Where "From " lines at line starts are escaped, as offsets into DATA.
static void set_escapes(const struct rc_message *message, struct procmail_delivery *delivery)
{
    gsize offset = (gsize)(delivery->data - message->data);
    gsize start = message->start > 0 ? message->start - 1 : 0;
    delivery->escape_head = MAX(start, offset) - offset;
    delivery->escape_head_end = MAX(message->body, offset) - offset;
    delivery->escape_body = MAX(message->escape_from, offset) - offset;
}

static bool deliver(struct rc_engine *engine, const char *folder, char *const *links,
                    const char *data, gsize size, bool raw, bool ignore_errors)
{
    struct procmail_host *host = engine->host;
    struct procmail_delivered delivered = {0};
    struct procmail_delivery delivery = {
        .folder = folder,
        .links = links,
        .data = data,
        .size = size,
        .raw = raw,
        .ignore_errors = ignore_errors,
        .prefix = rc_get(engine, "MSGPREFIX"),
        .timeout = (unsigned)MAX(engine->numbers[RC_TIMEOUT], 0),
        .complain = complain,
        .context = engine,
        .verbose = rc_is_verbose(engine),
        .log_open = engine->log_open || rc_is_verbose(engine),
    };
    if (data == engine->message.data)
        delivery.from_lines = rc_from_lines(data, size);
    set_escapes(&engine->message, &delivery);
    bool file = host->folder_kind(host, folder) == PROCMAIL_FILE;
    if (file)
        rc_set_own(engine, "LASTFOLDER", folder);
    rc_log_flush(engine);
    bool done = host->deliver(host, &delivery, &delivered);
    if (done || delivered.written > 0)
        engine->last_size = delivered.written;
    if (delivered.folder && !file)
        rc_set_own(engine, "LASTFOLDER", delivered.folder);
    g_free(delivered.folder);
    engine->passing = !done && delivered.passing;
    return done;
}

bool rc_engine_owes(const struct rc_engine *engine)
{
    return engine->owed;
}

bool rc_engine_default(struct rc_engine *engine)
{
    const struct rc_message *message = &engine->message;
    g_autofree char *first = g_strdup(rc_get(engine, "DEFAULT"));
    g_autofree char *last = g_strdup(rc_get(engine, "ORGMAIL"));
    bool done = false;
    if (*first) {
        bool file = engine->host->folder_kind(engine->host, first) == PROCMAIL_FILE;
        if (file && strcmp(first, "/dev/null") != 0)
            rc_lock_mailbox(engine, first);
        done = !rc_stopped(engine) &&
               deliver(engine, first, NULL, message->data, message->size, false, false);
        rc_unlock(engine, &engine->local_lock);
    }
    if (!done && *last && strcmp(first, last) != 0 && !rc_stopped(engine))
        done = deliver(engine, last, NULL, message->data, message->size, false, false);
    return done;
}

// The file that a command appends to with ">>", expanded when a shell would; NULL: none is named.
static char *redirected_file(struct rc_engine *engine, const struct rc_command *command)
{
    const char *at = command->shell ? strstr(command->line, ">>") : NULL;
    if (!at)
        return NULL;
    for (at += 2; *at == ' ' || *at == '\t';)
        at++;
    g_autofree char *name = g_strndup(at, strcspn(at, NAME_ENDS));
    struct rc_source source = {.text = name, .length = strlen(name)};
    struct rc_words words;
    bool fits = rc_evaluate(engine, &source, RC_WORDS, false, NULL, &words);
    char *file = fits && words.buffer->str[0] ? g_strdup(words.buffer->str) : NULL;
    rc_words_clear(&words);
    return file;
}

static void lock_for_program(struct act *act, const struct rc_command *command)
{
    struct rc_engine *engine = act->engine;
    if (!act->head->lock)
        return;
    g_autofree char *file = NULL;
    if (!act->head->lockfile) {
        file = redirected_file(engine, command);
        if (!file)
            rc_say_quoted(engine, "Couldn't determine implicit lockfile from",
                          command->shell ? command->line : command->argv[0]);
    }
    rc_lock_local(engine, act->head->lockfile, file ? file : "");
    if (act->wait == PROCMAIL_DONT_WAIT)
        act->wait = PROCMAIL_WAIT_QUIETLY; // or the lock would end too early
}

// Runs COMMAND with the message part and reads what it prints. False: nothing of that counts.
static bool read_back(struct act *act, const struct rc_command *command, GString *output,
                      bool rescues)
{
    struct rc_engine *engine = act->engine;
    struct procmail_program program = {.input = act->data,
                                       .input_size = act->size,
                                       .newline = !act->head->flags[RC_RAW],
                                       .wait = act->wait,
                                       .output = output};
    struct procmail_ended ended;
    bool quiet = act->wait == PROCMAIL_WAIT_QUIETLY && !rc_is_verbose(engine);
    rc_run(engine, command, &program, &ended);
    if (!ended.started || rc_stopped(engine))
        return false;
    if (ended.write_failed && !act->head->flags[RC_IGNORE_ERRORS]) {
        rc_say_quoted(engine, "Error while writing to", command->label);
        quiet = false;
    } else if (ended.timed_out) {
        quiet = false;
    } else if (act->wait != PROCMAIL_DONT_WAIT && ended.status != 0) {
        g_autofree char *text =
            g_strdup_printf(act->wait == PROCMAIL_WAIT_QUIETLY ? "Non-zero exitcode (%d) from"
                                                               : "Program failure (%d) of",
                            ended.status);
        if (!quiet)
            rc_say_quoted(engine, text, command->label);
    } else if (!ended.not_run) {
        return true;
    }
    if (rescues && !quiet)
        rc_say(engine, "Rescue of unfiltered data succeeded\n");
    return false;
}

static void filter(struct act *act, const struct rc_command *command)
{
    g_autoptr(GString) output = g_string_new(NULL);
    act->done = read_back(act, command, output, true);
    if (act->done && !rc_stopped(act->engine))
        rc_message_replace(&act->engine->message, act->part, output);
}

static void capture(struct act *act, const struct rc_command *command)
{
    struct rc_engine *engine = act->engine;
    const char *name = act->recipe->capture;
    bool had_value = g_hash_table_contains(engine->variables, name);
    g_autoptr(GString) output = g_string_new(NULL);
    act->done = read_back(act, command, output, had_value);
    if (output->len > 0 && output->str[output->len - 1] == '\n')
        g_string_truncate(output, output->len - 1);
    if (act->done) {
        rc_set(engine, name, output->str);
    } else if (!had_value) {
        rc_set(engine, name, act->wait == PROCMAIL_DONT_WAIT ? output->str : NULL);
    }
    g_autofree char *value = g_strdup(rc_get(engine, name));
    rc_assigned(engine, name, value);
}

// True when the run is over.
static bool run_program(struct act *act, const struct rc_command *command)
{
    struct rc_engine *engine = act->engine;
    bool *flags = act->head->flags;
    lock_for_program(act, command);
    if (rc_stopped(engine))
        return true;
    if (flags[RC_COPY] && (flags[RC_FILTER] || act->recipe->capture))
        say_extraneous(engine, "copy-flag");
    if (flags[RC_FILTER]) {
        filter(act, command);
        return false;
    }
    if (act->recipe->capture) {
        capture(act, command);
        return false;
    }
    struct procmail_program program = {.input = act->data,
                                       .input_size = act->size,
                                       .newline = !flags[RC_RAW],
                                       .wait = act->wait,
                                       .action = true,
                                       .ignore_errors = flags[RC_IGNORE_ERRORS]};
    act->done = rc_feed(engine, command, &program);
    rc_set_own(engine, "LASTFOLDER", command->line);
    if (!act->done)
        return false;
    if (flags[RC_COPY] && engine->numbers[RC_LOGABSTRACT] == 2)
        rc_log_abstract(engine, command->line);
    return !flags[RC_COPY];
}

static bool write_folder(struct act *act, const char *folder, char *const *links)
{
    struct rc_engine *engine = act->engine;
    bool *flags = act->head->flags;
    if (act->head->lock)
        rc_lock_local(engine, act->head->lockfile, folder);
    if (rc_stopped(engine))
        return true;
    act->done = deliver(engine, folder, links, act->data, act->size, flags[RC_RAW],
                        flags[RC_IGNORE_ERRORS]);
    if (act->done && flags[RC_COPY] && engine->numbers[RC_LOGABSTRACT] == 2)
        rc_log_abstract(engine, rc_get(engine, "LASTFOLDER"));
    if (!act->done && flags[RC_COPY] && engine->passing)
        engine->owed = true;
    return act->done && !flags[RC_COPY];
}

// Was a program of the action's own backquotes not to be run? Then it is not known what the action
// is, and its recipe fails.
static bool is_incomplete(const struct act *act)
{
    return act->engine->not_run != act->not_run;
}

static bool act_forward(struct act *act)
{
    struct rc_engine *engine = act->engine;
    const char *text = act->recipe->action_text;
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    bool over = false;
    if (rc_evaluate(engine, &source, RC_WORDS, false, NULL, &words) && !is_incomplete(act)) {
        g_auto(GStrv) flags = g_strsplit_set(rc_get(engine, "SENDMAILFLAGS"), " \t\n", -1);
        g_autoptr(GString) head = g_string_new(rc_get(engine, "SENDMAIL"));
        g_string_append_c(head, '\0');
        for (guint i = 0; flags[i]; i++)
            if (*flags[i])
                g_string_append_len(head, flags[i], (gssize)strlen(flags[i]) + 1);
        if (words.arguments >= 0)
            words.arguments += (gssize)head->len;
        g_string_prepend_len(words.buffer, head->str, (gssize)head->len);
        if (act->data == engine->message.data) { // mailers are confused by a From_ line
            gsize skip = rc_from_lines(act->data, act->size);
            act->data += skip;
            act->size -= skip;
        }
        struct rc_command command;
        rc_command_words(engine, &words, &command);
        over = run_program(act, &command);
        rc_command_clear(&command);
    }
    rc_words_clear(&words);
    return over;
}

static bool act_pipe(struct act *act)
{
    struct rc_engine *engine = act->engine;
    struct rc_command command;
    if (strlen(act->recipe->action_text) >= engine->linebuf) {
        rc_overflow(engine);
        return false;
    }
    rc_command_new(engine, act->recipe->action_text, &command);
    bool alone = !command.shell && command.argv[0] && !*command.argv[0] && !command.argv[1];
    bool over = is_incomplete(act) ? false
                : alone            ? write_folder(act, "|", NULL)
                                   : run_program(act, &command);
    rc_command_clear(&command);
    return over;
}

static bool act_folder(struct act *act, bool whole)
{
    struct rc_engine *engine = act->engine;
    const char *text = act->recipe->action_text;
    struct rc_source source = {.text = text, .length = strlen(text)};
    struct rc_words words;
    bool over = false;
    // A name is read on its own before the words, so "box#x" is the folder box and a comment.
    gsize named = 0;
    if (rc_is_name_start((guchar)text[0]))
        while (rc_is_name((guchar)text[named]))
            named++;
    if (text[named] != '#')
        named = 0;
    g_autofree char *head = g_strndup(text, named);
    source.at = named;
    if (rc_evaluate(engine, &source, RC_WORDS, false, head, &words) && !is_incomplete(act)) {
        g_auto(GStrv) folders = rc_words_vector(&words, NULL);
        if (whole) // a filter that is none gets all of it
            act->data = rc_message_part(&engine->message, RC_WHOLE, &act->size);
        over = write_folder(act, folders[0] ? folders[0] : "", folders[0] ? folders + 1 : NULL);
    }
    rc_words_clear(&words);
    return over;
}

static void say_block_flags(struct act *act)
{
    const bool *flags = act->head->flags;
    if (act->head->lock && !flags[RC_COPY])
        say_extraneous(act->engine, "locallockfile");
    if (flags[RC_GIVE_BODY])
        say_extraneous(act->engine, "deliver-body flag");
    if (flags[RC_GIVE_HEADER])
        say_extraneous(act->engine, "deliver-head flag");
    if (flags[RC_IGNORE_ERRORS])
        say_extraneous(act->engine, "ignore-write-error flag");
    if (flags[RC_RAW])
        say_extraneous(act->engine, "raw-mode flag");
}

// c on a block: a copy of the process goes on into the block and behind it, this one jumps over
// it. True: we are the one that enters.
static bool split_for_block(struct act *act)
{
    struct rc_engine *engine = act->engine;
    rc_say_verbose(engine, "Forking", "procmail");
    rc_log_flush(engine);
    pid_t pid = engine->host->split(engine->host);
    if (pid == 0) {
        g_clear_pointer(&engine->local_lock, g_free); // the locks are the other one's
        g_clear_pointer(&engine->global_lock, g_free);
        engine->log_time = 0;
        return true;
    }
    act->done = pid > 0;
    if (pid < 0)
        rc_say_quoted(engine, "Failed forking", "procmail");
    else if (act->wait != PROCMAIL_DONT_WAIT) {
        bool timed_out;
        int status = engine->host->await(engine->host, pid,
                                         (unsigned)MAX(engine->numbers[RC_TIMEOUT], 0), &timed_out);
        if (timed_out)
            rc_say_quoted(engine, "Timeout, terminating", "procmail");
        if (status != 0) {
            bool quiet = act->wait == PROCMAIL_WAIT_QUIETLY;
            g_autofree char *text = g_strdup_printf(
                quiet ? "Non-zero exitcode (%d) from" : "Program failure (%d) of", status);
            if (!quiet || rc_is_verbose(engine))
                rc_say_quoted(engine, text, "procmail");
            act->done = false;
        }
    }
    return false;
}

static void enter_block(struct act *act)
{
    struct rc_engine *engine = act->engine;
    struct rc_chain before = engine->chain;
    act->done = true;
    if (act->head->lock) {
        rc_lock_local(engine, act->head->lockfile, "");
        if (act->wait == PROCMAIL_DONT_WAIT)
            act->wait = PROCMAIL_WAIT_QUIETLY;
    }
    if (act->head->flags[RC_COPY] && !split_for_block(act)) {
        engine->chain.done = act->done;
        rc_run_statements(engine, act->recipe->block, true);
        return;
    }
    engine->chain.done = true;
    rc_run_statements(engine, act->recipe->block, false);
    if (act->recipe->closed) { // the block's own recipes do not count for what follows it
        engine->chain.matched = before.matched;
        engine->chain.chain_matched = before.chain_matched;
    } else if (!rc_stopped(engine)) {
        rc_say(engine, "Missing closing brace\n");
    }
}

// The parts of the language that speak up whether the conditions hold or not.
static bool act_always(struct act *act, bool holds)
{
    struct rc_engine *engine = act->engine;
    const struct rc_statement *recipe = act->recipe;
    if (recipe->action == RC_CUT_OFF) {
        rc_say(engine, "Incomplete recipe\n");
        return true;
    }
    bool plain = recipe->action == RC_FOLDER || recipe->action == RC_BLOCK || recipe->capture;
    if (plain && act->head->flags[RC_FILTER])
        say_extraneous(engine, "filter-flag");
    if (recipe->action != RC_BLOCK)
        return !holds;
    say_block_flags(act);
    if (holds)
        enter_block(act);
    else
        rc_run_statements(engine, recipe->block, true);
    return true;
}

bool rc_act(struct rc_engine *engine, const struct rc_statement *recipe, struct rc_head *head,
            bool holds)
{
    bool *flags = head->flags;
    bool both = flags[RC_GIVE_HEADER] == flags[RC_GIVE_BODY];
    struct act act = {.engine = engine, .recipe = recipe, .head = head, .not_run = engine->not_run};
    act.part = both ? RC_WHOLE : flags[RC_GIVE_HEADER] ? RC_HEAD : RC_BODY;
    act.data = rc_message_part(&engine->message, act.part, &act.size);
    act.wait = flags[RC_WAIT_QUIETLY] ? PROCMAIL_WAIT_QUIETLY
               : flags[RC_WAIT]       ? PROCMAIL_WAIT
                                      : PROCMAIL_DONT_WAIT;
    bool misplaced_filter = flags[RC_FILTER] && (recipe->action == RC_FOLDER || recipe->capture);
    if (act_always(&act, holds))
        return false;
    if (misplaced_filter)
        flags[RC_FILTER] = false;
    bool over = recipe->action == RC_FORWARD ? act_forward(&act)
                : recipe->action == RC_PIPE  ? act_pipe(&act)
                                             : act_folder(&act, misplaced_filter);
    engine->chain.done = act.done;
    return over;
}
