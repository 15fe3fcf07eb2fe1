// SPDX-License-Identifier: MIT
// A Sieve script's surroundings outside of delivery: a maildir, or none, and programs to call.
#pragma once

#include "answer/answer.h"
#include "hosts/sieve-host.h"

// Fills in HOST for SOURCE: besides what sieve_source_host does, the mailboxes of the maildir at
// PATH (NULL: there is only the inbox) and the programs of the configured directories.
void sieve_execute_surroundings(struct sieve_source *source, const char *path,
                                struct sieve_host *host);

// Runs the program that CALL names, from the directory in the setting for its kind: input to its
// standard input, output collected. False with *err when it could not be run, failed or took too
// long.
bool sieve_program_run(const struct sieve_source *source, const struct sieve_program_call *call,
                       GBytes **output_r, GError **err);

// What an answer to SOURCE's message is made from; ACTION's changed message if it has one. Release
// afterwards. SETTING is looked up in source->settings.
struct sieve_answer {
    struct answer_case answer;
    struct message *message;
    GBytes *bytes;
    GPtrArray *values; // char *: headers that were handed out
};
void sieve_answer_init(struct sieve_answer *answer, struct sieve_source *source,
                       const struct plan_action *action);
void sieve_answer_release(struct sieve_answer *answer);
