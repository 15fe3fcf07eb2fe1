// SPDX-License-Identifier: MIT
// The user's Sieve scripts in a delivery: which ones there are, in what order they run, and what is
// told to whom when one is wrong. A script that does not compile or fails stops no mail.
#pragma once

#include "hosts/sieve-host.h"
#include "judge/judge.h"
#include "plan/plan.h"

struct script_case {
    const struct conf *conf;
    const char *home;
    struct message *message; // as the scripts see it, borrowed
    const struct envelope *envelope;
    const struct judged *judged;
};

// Has the user, or the site, any script for this delivery? Looks at names alone.
bool script_exists(const struct conf *conf, const char *home);

// Runs the scripts: those of [sieve] before, the user's (or the default), those of after; each as
// long as the former ones keep the message. *SOURCE_R is the engine's view of the message, for what
// the plan sends; the caller releases it (sieve_source_release) and frees it, after the plan. False
// with *err (MDA_ERROR_TEMP) only when a script is there and cannot be read now.
bool script_plan(const struct script_case *script_case, struct plan **plan_r,
                 struct sieve_source **source_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The view alone, for plans that come from elsewhere. Owned by the caller.
struct sieve_source *script_source(const struct script_case *script_case);
