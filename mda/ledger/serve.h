// SPDX-License-Identifier: MIT
// Answers users about a ledger that they may not open: is this id ours, did I write to him? The
// kernel says who asks (SO_PEERCRED).
#pragma once

#include "conf/conf.h"

// Serves on [ledger] socket until a signal ends it. CONF is changed: the ledger is opened directly.
// False with *err when it cannot listen.
bool ledger_serve(struct conf *conf, GError **err) G_GNUC_WARN_UNUSED_RESULT;
