// SPDX-License-Identifier: MIT
// backstop sent --list and --forget: what is in the ledger, and taking it out.
#pragma once

#include "conf/conf.h"

// Without WORDS what was recorded on which day; else what is known of each (Message-ID or address).
// Returns the exit status: STATUS_NO when one is not known.
int sent_list(const struct conf *conf, char **words);

// Forgets WORDS, bound to SENDER or to nobody; with SINCE ("2026-11-30", "2026-11-30T20:00",
// "2h") all that was recorded since then. Returns the exit status.
int sent_forget(const struct conf *conf, char **words, const char *sender, const char *since);
