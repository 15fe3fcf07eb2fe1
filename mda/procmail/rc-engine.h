// SPDX-License-Identifier: MIT
// What the engine's files share.
#pragma once

#include "procmail/rc-message.h"
#include "procmail/rc-parse.h"
#include "procmail/rc-procmail.h"

// Files that include each other deeper than this are not read.
#define RC_MAX_FILES 100
// Statements after which a run ends with what it has (files that include themselves for ever).
#define RC_MAX_STATEMENTS 1000000
// LINEBUF: its default, least and greatest value.
#define RC_LINEBUF 2048
#define RC_LINEBUF_MIN 128
#define RC_LINEBUF_MAX (16 * 1024 * 1024)

// Settings that are numbers; they keep their value when what they are set to is none.
enum rc_number {
    RC_LOCKSLEEP,
    RC_LOCKTIMEOUT,
    RC_SUSPEND,
    RC_NORESRETRY,
    RC_TIMEOUT,
    RC_VERBOSE,
    RC_LOGABSTRACT,
    RC_NUMBER_COUNT
};

// How the recipes before ended, for the flags A a E e.
struct rc_chain {
    bool done;          // the action of the last recipe that ran succeeded
    bool matched;       // the conditions of the last recipe without A or a held
    bool chain_matched; // ... or of one in its chain of E
};

struct rc_engine {
    struct procmail_host *host;
    struct rc_message message;
    GHashTable *variables; // char * -> char *
    char **arguments;
    guint shifted;
    long numbers[RC_NUMBER_COUNT];
    gsize linebuf;
    GPtrArray *files; // char *: names of the files being read, the innermost last
    struct rc_chain chain;
    guint statements;

    GString *pending_log; // a line that is not complete
    gint64 log_time;
    bool log_open, trace;
    bool passing;    // why the last delivery failed may pass
    bool owed;       // a copy failed for a passing reason, and no recipe with flag e dealt with it
    bool hasty;      // ended by a signal
    gsize last_size; // bytes of the last delivery, for the abstract

    char *global_lock, *local_lock;
    int exit_status; // $?
    guint64 not_run; // how many programs could not be run until now
    long score;      // $=
    char *scratch;   // keeps what a lookup returned
    bool exit_code_set;
    bool fake_delivered; // DELIVERED: the caller has been told that all is well
    bool in_file, last_file;
    enum rc_end end;
    bool ended;                  // leave the files: see end
    bool leave;                  // SWITCHRC: this file is over ...
    char *next_name, *next_text; // ... and this one takes its place, unless NULL
    gsize next_length;
};

// rc-log.c
void rc_log(struct rc_engine *engine, const char *text);
void rc_say(struct rc_engine *engine, const char *what);   // "procmail: WHAT", no line end
void rc_quote(struct rc_engine *engine, const char *text); // ` "TEXT"` and the line end
void rc_say_quoted(struct rc_engine *engine, const char *what, const char *text);
void rc_say_verbose(struct rc_engine *engine, const char *what, const char *text);
void rc_log_abstract(struct rc_engine *engine, const char *folder);
void rc_log_flush(struct rc_engine *engine);
bool rc_is_verbose(const struct rc_engine *engine);

// rc-vars.c
const char *rc_get(const struct rc_engine *engine, const char *name);       // "" when unset
void rc_set(struct rc_engine *engine, const char *name, const char *value); // NULL removes
char **rc_environment(const struct rc_engine *engine);
// Expands TEXT; on overflow says so and returns false.
bool rc_evaluate(struct rc_engine *engine, struct rc_source *source, enum rc_reading reading,
                 bool skip, const char *head, struct rc_words *words_r);
// TEXT read as RC_TEXT; NULL on overflow.
char *rc_evaluate_text(struct rc_engine *engine, const char *text);
void rc_overflow(struct rc_engine *engine);
// The number that TEXT is, also as "yes", "off", "all" and so on; OTHERWISE when it is none.
long rc_number(const char *text, long otherwise);
char **rc_arguments(const struct rc_engine *engine);

// Sets a variable that is ours to set, without the effects of an assignment.
void rc_set_own(struct rc_engine *engine, const char *name, const char *value);

// rc-assign.c: NAME was set to VALUE (removed: ""): what that brings about.
void rc_assigned(struct rc_engine *engine, const char *name, const char *value);

// rc-lock.c: *HELD is the lock held in this role; NAME is what to hold instead, "" nothing.
bool rc_lock(struct rc_engine *engine, char **held, const char *name);
void rc_unlock(struct rc_engine *engine, char **held);
// The lock beside MAILBOX; in the mail spool, whose directory users may not write, none is no
// error.
void rc_lock_mailbox(struct rc_engine *engine, const char *mailbox);
// The recipe's own lock: NAME, or IMPLICIT with LOCKEXT.
void rc_lock_local(struct rc_engine *engine, const char *name, const char *implicit);

// rc-program.c
struct rc_command {
    char *line;  // what LASTFOLDER becomes
    char *label; // what the log calls it: the line for the shell, or the program's name
    char **argv;
    bool shell;
};
// Splits LINE into words, or hands it to the shell when that is needed.
void rc_command_new(struct rc_engine *engine, const char *line, struct rc_command *command_r);
void rc_command_words(struct rc_engine *engine, const struct rc_words *words,
                      struct rc_command *command_r);
void rc_command_clear(struct rc_command *command);
// Runs COMMAND; program carries input, output and how to wait, the rest is filled in here.
void rc_run(struct rc_engine *engine, const struct rc_command *command,
            struct procmail_program *program, struct procmail_ended *ended_r);
// Gives the message part in PROGRAM to COMMAND. True when it took it and, if waited for, ended
// well.
bool rc_feed(struct rc_engine *engine, const struct rc_command *command,
             struct procmail_program *program);
char *rc_output_of(struct rc_engine *engine, const char *command, gsize limit);

// rc-cond.c: do the conditions of RECIPE hold?
bool rc_conditions(struct rc_engine *engine, const struct rc_statement *recipe,
                   struct rc_head *head, bool skip);

// rc-weight.c
struct rc_score {
    double total;
    bool used;
};
#define RC_SCORE_MAX 2147483647.0
#define RC_SCORE_MIN (-2147483647.0)
// The number at TEXT; *END_R stands at TEXT when there is none.
double rc_decimal(const char *text, const char **end_r);
void rc_score_program(struct rc_score *score, double weight, double exponent, bool negated,
                      int status);
void rc_score_size(struct rc_score *score, double weight, double exponent, bool below, double limit,
                   double size);

// rc-action.c: carries out a recipe's action. True: the message is delivered and the run over.
bool rc_act(struct rc_engine *engine, const struct rc_statement *recipe, struct rc_head *head,
            bool holds);

// rc-run.c
void rc_run_statements(struct rc_engine *engine, const GPtrArray *statements, bool skip);
void rc_run_text(struct rc_engine *engine, const char *name, const char *text, gsize length);
void rc_end(struct rc_engine *engine, enum rc_end end);
bool rc_stopped(struct rc_engine *engine);
