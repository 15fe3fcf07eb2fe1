// SPDX-License-Identifier: MIT
// What the files of the procmail command share.
#pragma once

#include "base/clock.h"
#include "cmd/command.h"
#include "delivery/user.h"
#include "judge/judge.h"
#include "procmail/engine.h"

// An rc file's programs have TIMEOUT, 960 seconds, each. When they have used up the first time they
// are stopped, as at their own, and the rc file goes on; at the second the delivery is given up for
// now. Postfix would bounce the message after 1000 seconds.
#define PROCMAIL_PROGRAMS_SECONDS 960
#define PROCMAIL_WATCHDOG_SECONDS 985

// Judges the message and presets BACKSTOP_VERDICT, BACKSTOP_CLASS and BACKSTOP_REASONS; HOME is
// where the user's configuration lies. Never fails: without a judgement they say "unknown".
void procmail_judge(struct command_context *context, const char *home, struct rc_engine *engine,
                    const char *text, gsize size);

// The same from a judgement that was made already.
void procmail_judged(struct rc_engine *engine, const struct judged *judged);

// A delivery under our own name whose rules are rc files.
struct procmail_rules_case {
    struct command_context *context;
    const struct mail_user *user; // whom we are
    const char *sender;           // for the From_ line; NULL: the user
    const struct judged *judged;
    char **assignments;       // "NAME=value" as on procmail's command line, NULL-terminated
    struct deadline programs; // when programs are stopped whatever their TIMEOUT
};

// Runs /etc/procmailrc and ~/.procmailrc over TEXT, which is taken over. The exit status as
// procmail would end, 75 for what it failed at.
int procmail_rules(const struct procmail_rules_case *rules_case, GString *text);
