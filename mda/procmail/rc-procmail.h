// SPDX-License-Identifier: MIT
// procmail's rc language, carried out recipe by recipe against a host.
#pragma once

#include "procmail/rc-host.h"

#include <glib.h>
#include <stdbool.h>

struct rc_engine;

// HOST must outlive the engine.
struct rc_engine *rc_engine_new(struct procmail_host *host);
void rc_engine_free(struct rc_engine *engine);

// The message; DATA is taken over. IGNORE_LENGTH: Content-Length does not count (-Y).
void rc_engine_message(struct rc_engine *engine, char *data, gsize size, bool ignore_length);

// $1, $2 and so on; copied.
void rc_engine_arguments(struct rc_engine *engine, char *const *arguments);

// Presets a variable without any effect of an assignment; VALUE NULL removes it.
void rc_engine_preset(struct rc_engine *engine, const char *name, const char *value);

// The value of a variable, or NULL. Borrowed.
const char *rc_engine_value(const struct rc_engine *engine, const char *name);

// Carries out "NAME=value" as from the command line: expanded, with the effects of an assignment.
// False when TEXT is no assignment.
bool rc_engine_assign(struct rc_engine *engine, const char *text);

enum rc_end {
    RC_FELL_OFF,    // the file ended without a delivery
    RC_DELIVERED,   // a recipe delivered
    RC_LEFT,        // HOST did not match: go on with the next file
    RC_STOPPED,     // nothing more is to be done: HOST at the end, or a signal
    RC_HANDED_OVER, // DELIVERED: another process goes on, this one is to end well at once
};

// Runs TEXT (LENGTH bytes), the rc file called NAME.
enum rc_end rc_engine_run(struct rc_engine *engine, const char *name, const char *text,
                          gsize length);

// Whether HOST=other in the last file ends everything well (no further rc file is left).
void rc_engine_last_file(struct rc_engine *engine, bool last);

// Did a copy (flag c) fail for what another try may mend, without a recipe for that (flag e)?
bool rc_engine_owes(const struct rc_engine *engine);

// Into DEFAULT, then ORGMAIL. True when one took it.
bool rc_engine_default(struct rc_engine *engine);

// The end of a run: logs the abstract, runs TRAP, gives back the locks. STATUS is the exit status
// that the run has come to, the result the one to end with (EXITCODE and TRAP may change it).
int rc_engine_finish(struct rc_engine *engine, int status);

// Says WHAT, and QUOTED in quotes unless it is NULL, as a line of procmail's log.
void rc_engine_say(struct rc_engine *engine, const char *what, const char *quoted);

// Each condition's result is told even without VERBOSE, with its line.
void rc_engine_trace(struct rc_engine *engine, bool trace);
