// SPDX-License-Identifier: MIT
// What the files of the procmail command share.
#pragma once

#include "cmd/command.h"
#include "procmail/engine.h"

// Judges the message and presets BACKSTOP_VERDICT, BACKSTOP_CLASS and BACKSTOP_REASONS; HOME is
// where the user's configuration lies. Never fails: without a judgement they say "unknown".
void procmail_judge(struct command_context *context, const char *home, struct rc_engine *engine,
                    const char *text, gsize size);
