// SPDX-License-Identifier: MIT
// What a report in prose says: recipients, status codes, the reporting host.
#pragma once

#include "bounce/message-facts.h"
#include "bounce/rule.h"

// Applies RULE's own patterns to the words of the report.
void extract_by_rule(struct facts *facts, struct rule *rule);

// Fills in what is still missing by what all such reports have in common.
void extract_by_habit(struct facts *facts);
