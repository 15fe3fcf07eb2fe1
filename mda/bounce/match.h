// SPDX-License-Identifier: MIT
// Does a rule hold for a message?
#pragma once

#include "bounce/message-facts.h"
#include "bounce/rule.h"

// Do all conditions of RULE hold? When not, *failed_r (may be NULL) is the key of the first that
// does not, borrowed from the rule; "any-mail" when the message lacks a strong trait,
// "writer" when its writer is none whom the rule knows.
bool rule_matches(const struct bounce_rules *rules, struct rule *rule, struct facts *facts,
                  const char **failed_r);

// Does one alternative of ANY stand in ZONE of the words of the report?
bool phrases_match(const struct bounce_rules *rules, const GArray *any, struct facts *facts,
                   enum words_zone zone);

// The same in those words or in the subject, for rule.delay and rule.success.
bool words_match(const struct bounce_rules *rules, const GArray *any, struct facts *facts);
