// SPDX-License-Identifier: MIT
// A delivery by rc files as procmail does it: the variables that it sets, the files that it runs
// and trusts, the status that it ends with.
#pragma once

#include "base/mail-user.h"
#include "conf/conf.h"
#include "judge/judge.h"
#include "procmail/rc-procmail.h"

#define PROCMAIL_SPOOL "/var/mail"

// An rc file's programs have TIMEOUT, 960 seconds, each. When they have used up the first time they
// are stopped, as at their own, and the rc file goes on; at the second the delivery is given up for
// now. Postfix would bounce the message after 1000 seconds.
#define PROCMAIL_PROGRAMS_SECONDS 960
#define PROCMAIL_WATCHDOG_SECONDS 985

// What procmail's command line says.
struct procmail_options {
    bool preserve, filter, ignore_length, strict, soft, deliver, version, help, lmtp;
    const char *from;
    GPtrArray *arguments; // const char *, the last one NULL
    char **rest;          // recipients, or assignments and rc files
};

struct procmail_rules_case {
    struct conf *conf; // the settings of the user are loaded into it for the judge
    const struct procmail_options *options;
    const struct mail_user *user; // whom we are
    const struct judged *judged;  // a judgement that was made already; NULL: judge
};

// Runs the rc files that the options name, or /etc/procmailrc and ~/.procmailrc, over TEXT, which
// is taken over. The exit status as procmail would end, 75 for what it failed at.
int procmail_rules(const struct procmail_rules_case *rules_case, GString *text);

// Judges the message and presets BACKSTOP_VERDICT, BACKSTOP_CLASS and BACKSTOP_REASONS; HOME is
// where the user's configuration lies. Never fails: without a judgement they say "unknown".
void procmail_judge(struct conf *conf, const char *home, struct rc_engine *engine, const char *text,
                    gsize size);

// Counts what procmail_judge found in this process, once the message is settled.
void procmail_count(const struct conf *conf);

// The same from a judgement that was made already.
void procmail_judged(struct rc_engine *engine, const struct judged *judged);
