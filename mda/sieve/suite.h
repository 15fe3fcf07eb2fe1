// SPDX-License-Identifier: MIT
// What the commands of a test suite (vnd.dovecot.testsuite) ask of the runner that drives them: the
// simulated message, mail store, outbox and settings. The runner fills it in as host->suite.
#pragma once

#include "sieve/lang/engine.h"

// The last message of the outbox, as an index.
#define SIEVE_SUITE_LAST G_MAXUINT64

struct sieve_suite {
    const char *(*path)(void *data); // directory of the file that is running

    // `test` blocks: begin, and end with the reason why it failed or NULL.
    void (*begin)(void *data, const char *name);
    void (*end)(void *data, const char *failure);
    // test_fail outside of a block, or in a script that was run by test_script_run.
    void (*fail)(void *data, const char *reason);

    // Each returns false when it cannot be done; *err may say why.
    bool (*set)(void *data, const char *object, const char *value, GError **err);
    bool (*set_message)(void *data, const char *folder, guint64 n); // folder NULL: the outbox
    GBytes *(*message)(void *data);                                 // the current one; the caller's
    bool (*mailbox_create)(void *data, const char *mailbox);
    void (*metadata_set)(void *data, const char *mailbox, const char *annotation,
                         const char *value);
    void (*config_set)(void *data, const char *name, const char *value); // NULL: unset
    // LIST has MEMBER from now on.
    void (*list_add)(void *data, const char *list, const char *member);
    // The verdict that a suite wants spamtest (virustest: VIRUS) to give: "3", or "45%"; NULL: it
    // wants none. Borrowed.
    const char *(*verdict)(void *data, bool virus);
    bool (*compile)(void *data, const char *file);
    bool (*run)(void *data, struct sieve_run *run, bool append);
    bool (*multiscript)(void *data, struct sieve_run *run, const GPtrArray *files);
    bool (*execute)(void *data, struct sieve_run *run);
    void (*reset)(void *data, struct sieve_run *run);
    bool (*binary)(void *data, const char *name, bool load);
    // The names of the actions in the result: char *, owned by the caller.
    GPtrArray *(*actions)(void *data, struct sieve_run *run);
    // The errors that were logged: const struct sieve_diagnostic *. The array is the caller's.
    GPtrArray *(*errors)(void *data);
    // Does KEY, in some engine's words, ask for ERROR?
    bool (*asks_for)(void *data, const char *key, const struct sieve_diagnostic *error);
};
