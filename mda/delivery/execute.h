// SPDX-License-Identifier: MIT
// A plan carried out where no MTA waits: in the maildir that an option names.
#pragma once

#include "message/message.h"
#include "plan/plan.h"

// Carries PLAN for MESSAGE out in the maildir at PATH; mail that it sends is only named. What was
// done and what did not work is added to LINES (char *), ready to be shown. False when something
// did not work.
bool execute_plan_into(struct message *message, const char *sender, const struct plan *plan,
                       const char *path, GPtrArray *lines);
