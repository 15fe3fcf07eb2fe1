// SPDX-License-Identifier: MIT
// Inside the engine: what a command, a test, a tag and an extension are, and what they may use
// while a script is checked and while it runs. Each stands in a file of its own (cmd-, tst-, ext-)
// as a const definition and is named once, in verb-list.h or ext-list.h.
#pragma once

#include "plan/plan.h"
#include "sieve/host.h"
#include "sieve/lang/ast.h"
#include "sieve/lang/view.h"
#include "sieve/limits.h"
#include "sieve/sieve.h"

#include <stdbool.h>

struct sieve_checker;
struct sieve_run;

// What follows after a command.
enum sieve_flow {
    FLOW_NEXT,
    FLOW_STOP,   // the whole run ends
    FLOW_RETURN, // the script ends, the one that included it goes on
    FLOW_BREAK,  // a loop ends: run->break_loop
    FLOW_FAIL,   // an error, already reported
    FLOW_LEAVE,  // the test block of a test suite ends
};

enum sieve_verb_kind { VERB_COMMAND, VERB_TEST, VERB_IF, VERB_ELSIF, VERB_ELSE };
enum sieve_subtests { SUBTESTS_NONE = 0, SUBTESTS_ONE, SUBTESTS_LIST };

enum {
    TAKES_MATCH = 1 << 0,
    TAKES_ADDRESS_PART = 1 << 1,
    TAKES_BLOCK = 1 << 2,
    TAKES_MATCH_KEY = 1 << 3, // match types, each with its one key behind it, and no comparator
};

// A tag that VERBS take. Its parameter is 's' a string, 'l' a string list, 'n' a number, 0 none.
struct sieve_tag {
    const char *name;
    const char *group; // tags of one group exclude each other; NULL: a group of its own
    char value;
    const char *verbs; // of an extension: names of the verbs with blanks between, "@match" those
                       // that match, "@key" those with TAKES_MATCH_KEY, "@address" those with
                       // address parts; of a verb: NULL
    int id;            // for the owner
    bool (*check)(struct sieve_checker *checker, struct sieve_node *node,
                  const struct sieve_tag_use *use);
};

struct sieve_verb {
    const char *name;
    enum sieve_verb_kind kind;
    const char *positional; // a letter each as above, '?' any; "x|y": y may be left out; "*": the
                            // verb checks them itself
    const char *labels;     // what they are called in messages, '|' between
    enum sieve_subtests subtests;
    unsigned takes;
    const struct sieve_tag *tags; // ends with a NULL name
    bool octet;                   // i;octet is its comparator if none is given
    bool checks_block;            // `check` checks the block too
    // Runs when arguments, subtests and block have the right form. (optional)
    bool (*check)(struct sieve_checker *checker, struct sieve_node *node);
    // Runs when the whole script is valid. (optional)
    bool (*finish)(struct sieve_checker *checker, struct sieve_node *node);
    // A test whose value is known now returns it: 0 or 1, else -1. (optional)
    int (*constant)(struct sieve_checker *checker, struct sieve_node *node);
    enum sieve_flow (*run)(struct sieve_run *run, const struct sieve_node *node);
    bool (*test)(struct sieve_run *run, const struct sieve_node *node);
};

struct sieve_extension {
    const char *name;
    const struct sieve_verb *const *verbs; // ends with NULL
    const struct sieve_tag *tags;          // tags for verbs of others; ends with a NULL name
    // Can it be had here? (optional)
    bool (*available)(const struct sieve_host *host);
    // Called when a script requires it; false after reporting. (optional)
    bool (*require)(struct sieve_checker *checker, struct sieve_position at);
    // What a script must require with it; ends with NULL. (optional)
    const char *const *needs;
    bool hidden; // not listed
};

// ext-list.h: the extensions, and how many there are.
// Those of ext-list.h, and what was added since.
#define SIEVE_EXTENSIONS_MORE 4
extern const struct sieve_extension *sieve_extensions[];
extern guint sieve_extension_count;
// Before any script is compiled; EXTENSION, static, is there from then on. Twice is once.
void sieve_extension_add(const struct sieve_extension *extension);
const struct sieve_extension *sieve_extension_find(const char *name, guint *index_r);
// May a script of OWNER use it? What the host cannot do and what the settings take away is not
// there.
bool sieve_extension_available(const struct sieve_extension *extension,
                               const struct sieve_host *host, enum sieve_location owner);

// ---- A script, checked

struct sieve_script {
    char *name;
    enum sieve_location location; // where it was included from
    GPtrArray *commands;          // struct sieve_node *
    bool valid;                   // it has no errors of its own
    bool *enabled;                // by index of extension
    GHashTable *globals;          // names of variables that are global in it (RFC 6609)
    GHashTable *locals;           // names of its own ones
};

struct sieve_program {
    GPtrArray *scripts; // struct sieve_script *; [0] is the main one
};

// Does SCRIPT use EXTENSION?
bool sieve_script_uses(const struct sieve_script *script, const char *extension);

// ---- Checking

// An extension that a script requires and that needs others.
struct sieve_needy {
    const struct sieve_extension *extension;
    struct sieve_position at;
};

struct sieve_checker {
    struct sieve_program *program;
    struct sieve_script *script;
    const struct sieve_host *host;
    struct sieve_diagnostics *diagnostics;
    GHashTable *reported; // what is unknown is reported once
    guint blocks;         // how deep we are
    const struct sieve_checker *includer;
    GPtrArray *loops;                // struct sieve_node *: foreverypart loops around us
    const struct sieve_node *before; // the command before the one in hand, in its block
    GPtrArray *unfinished;           // struct sieve_node *: their verbs have a `finish`
    GArray *needy;                   // struct sieve_needy: required, and need others
};

// Reports an error at PLACE of the script. Returns false.
bool sieve_check_error(struct sieve_checker *checker, struct sieve_position at, const char *format,
                       ...) G_GNUC_PRINTF(3, 4);
void sieve_check_warn(struct sieve_checker *checker, struct sieve_position at, const char *format,
                      ...) G_GNUC_PRINTF(3, 4);
bool sieve_check_uses(const struct sieve_checker *checker, const char *extension);
// Makes EXTENSION usable in the script from here on.
bool sieve_check_enable(struct sieve_checker *checker, struct sieve_position at,
                        const struct sieve_extension *extension, guint index);
bool sieve_check_block(struct sieve_checker *checker, GPtrArray *commands);
// Does the command in hand stand at the top of the script, first or behind one of NAMES (ends with
// NULL)? What is unknown counts as nothing.
bool sieve_check_stands_behind(const struct sieve_checker *checker, const char *const *names);
// Reads and checks a script into the program; its index in *script_r.
bool sieve_check_script(struct sieve_checker *includer, struct sieve_program *program,
                        const struct sieve_host *host, struct sieve_diagnostics *diagnostics,
                        const char *name, enum sieve_location location, const char *text,
                        gsize size, guint *script_r);
// Which stage SCRIPT did not get beyond: "syntax", "content", "include". Static.
const char *sieve_script_stage(const struct sieve_script *script);
// "a number" … for messages. Static.
const char *sieve_arg_describe(const struct sieve_arg *arg);
// "command" or "test". Static.
const char *sieve_verb_word(const struct sieve_verb *verb);
// A setting as a number, a size in bytes, a time in seconds; FALLBACK when it is not set.
gint64 sieve_setting_number(const struct sieve_host *host, const char *name, gint64 fallback);
gint64 sieve_setting_size(const struct sieve_host *host, const char *name, gint64 fallback);
gint64 sieve_setting_seconds(const struct sieve_host *host, const char *name, gint64 fallback);
const char *sieve_setting(const struct sieve_host *host, const char *name);
bool sieve_setting_bool(const struct sieve_host *host, const char *name, bool fallback);

// ---- Running

struct sieve_run {
    const struct sieve_program *program;
    const struct sieve_script *script; // the one that is running
    const struct sieve_host *host;
    struct plan *plan;
    struct sieve_diagnostics *diagnostics;
    struct sieve_view *view;
    GHashTable *variables; // of the script: lower-case name -> value
    GHashTable *globals;
    GPtrArray *match_values; // char *: ${0} …
    GPtrArray *flags;        // the internal variable of imap4flags, char *
    bool *included;          // by index of script: was it run?
    guint include_depth;
    guint loops;        // foreverypart loops around the command in hand
    gint part;          // the MIME part in the loop, -1 outside
    bool part_replaced; // it is another one now
    const struct sieve_node *break_loop;
    struct sieve_position at; // of the command in hand
    bool failed;
    bool ended_by_stop;
    gint64 cpu_limit; // microseconds of this process's clock
    guint steps;
    guint redirects;
    guint replacements;
};

// Notes in the plan what the implicit keep would keep now: the message as edited, its flags.
void sieve_note_implicit_keep(struct sieve_run *run);
// Sets the flags to those that the message has already.
void sieve_reset_flags(struct sieve_run *run);

// Runs COMMANDS of a script or a block.
enum sieve_flow sieve_run_block(struct sieve_run *run, const GPtrArray *commands);
bool sieve_run_test(struct sieve_run *run, const struct sieve_node *node);
// Runs script INDEX with variables of its own.
enum sieve_flow sieve_run_script(struct sieve_run *run, guint index);

// Runs PROGRAM on a view of the message that the caller keeps: for a test suite.
bool sieve_execute_on(const struct sieve_program *program, const struct sieve_host *host,
                      struct sieve_view *view, struct plan *plan,
                      struct sieve_diagnostics *diagnostics);

// Reports a run-time error; the run ends with the implicit keep. Returns FLOW_FAIL.
enum sieve_flow sieve_run_fail(struct sieve_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
// Reports an error that does not end the run.
void sieve_run_error(struct sieve_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
// "NAME: line N" of the command in hand. Owned by the caller.
char *sieve_run_position(const struct sieve_run *run);
void sieve_run_warn(struct sieve_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
void sieve_run_trace(const struct sieve_run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);

// The Nth positional argument. Strings are expanded and owned by the caller; a list holds char *.
char *sieve_string(struct sieve_run *run, const struct sieve_node *node, guint n);
GPtrArray *sieve_list(struct sieve_run *run, const struct sieve_node *node, guint n);
guint64 sieve_number(const struct sieve_node *node, guint n);
// The same for the parameter of a tag; NULL (0) when the tag is not there.
char *sieve_tag_string(struct sieve_run *run, const struct sieve_node *node, const char *tag);
GPtrArray *sieve_tag_list(struct sieve_run *run, const struct sieve_node *node, const char *tag);
guint64 sieve_tag_number(const struct sieve_node *node, const char *tag, guint64 fallback);
bool sieve_has_tag(const struct sieve_node *node, const char *tag);
char *sieve_arg_string(struct sieve_run *run, const struct sieve_arg *arg);
GPtrArray *sieve_arg_list(struct sieve_run *run, const struct sieve_arg *arg);

// ---- Strings (text.c)

// Decodes encoded characters and finds variables in a string of the script. False after reporting.
bool sieve_text_prepare(struct sieve_checker *checker, struct sieve_text *text);
char *sieve_text_expand(struct sieve_run *run, const struct sieve_text *text);
// A NUL that a script encodes stands in its strings as this, which is no UTF-8. What is compared or
// leaves the engine has a blank for it; _nul leaves it there for those that must refuse it.
#define SIEVE_NUL "\xC0\x80"
char *sieve_text_expand_nul(struct sieve_run *run, const struct sieve_text *text);
bool sieve_variable_name_valid(const char *name);
// Reads the variable NAME (lower case) as the running script sees it; "" when it is not set.
// Borrowed.
const char *sieve_variable_get(struct sieve_run *run, const char *name);
// Sets it, cut to the limit. VALUE is taken over.
void sieve_variable_set(struct sieve_run *run, const char *name, char *value);
// Checks and notes the use of variable NAME for writing. False after reporting.
bool sieve_variable_declare(struct sieve_checker *checker, struct sieve_position at,
                            const char *name);
// The modifiers of set (ext-variables.c): may NODE's stand together? Applied to VALUE, which is
// taken over, the highest precedence first.
bool sieve_modifiers_check(struct sieve_checker *checker, const struct sieve_node *node);
char *sieve_modify(struct sieve_run *run, const struct sieve_node *node, char *value);
// Cuts TEXT to at most MAX bytes at a character's boundary.
void sieve_utf8_cut(char *text, gsize max);

// ---- Actions (actions.c)

// Adds an action by the rules of RFC 5228 §2.10: duplicates are merged, conflicts and limits are
// errors. Returns the action to fill in, NULL when there is nothing to fill in (*flow_r says why).
struct plan_action *sieve_act_store(struct sieve_run *run, const struct sieve_node *node,
                                    const char *folder, enum sieve_flow *flow_r);
struct plan_action *sieve_act(struct sieve_run *run, enum plan_kind kind, enum sieve_flow *flow_r);
// The message as edited, or NULL when it is as it came.
GBytes *sieve_act_message(const struct sieve_run *run);

// ---- Flags (ext-imap4flags.c): those that a keep or fileinto at NODE sets, or NULL.
GPtrArray *sieve_flags_for(struct sieve_run *run, const struct sieve_node *node);

// ---- Copies of answers (ext-enotify.c): what :fcc and the tags beside it say, into ACTION.
void sieve_fcc_take(struct sieve_run *run, const struct sieve_node *node,
                    struct plan_action *action);
