// SPDX-License-Identifier: MIT
// What is it? The rules as data, and the matcher that applies them.
#pragma once

#include "bounce/report.h"
#include "message/envelope.h"
#include "message/message.h"

struct bounce_rules;

// Settings of the matcher that come from the configuration.
struct bounce_settings {
    const char *const *mark_headers; // header fields in which a gateway marks bounces
    const char *const *mark_tokens;  // the words that do
    bool trace;                      // collect report.trace
};

// Loads the built-in rules and then every *.rules file of DIRECTORIES (NULL-terminated, may be
// NULL). A wrong file is skipped, and "file:line: what" is added to WARNINGS (char *). Never fails.
struct bounce_rules *bounce_rules_load(const char *const *directories, GPtrArray *warnings);
void bounce_rules_free(struct bounce_rules *rules);

// Adds the words of the files traits.rules in DIRECTORIES (NULL-terminated, may be NULL) to those
// by which bounce_has_trait knows what is worth judging. The first call of a process counts; a
// wrong file adds nothing, and bounce_rules_load says so.
void bounce_traits_extend(const char *const *directories);

// Has MESSAGE any trait of automatic mail, so that it is worth judging? Looks at the raw header and
// the envelope alone, without MIME: most mail must end here.
bool bounce_has_trait(const struct bounce_settings *settings, const struct message *message,
                      const struct envelope *envelope);

// Decides what MESSAGE is and takes the report apart. Never fails: what cannot be read is in the
// report's limits. Owned by the caller.
struct report *bounce_classify(const struct bounce_rules *rules,
                               const struct bounce_settings *settings,
                               const struct message *message, const struct envelope *envelope);

typedef struct bounce_rules BounceRules;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BounceRules, bounce_rules_free)
