// SPDX-License-Identifier: MIT
// Which setting would have decided a report that is left undecided.
#pragma once

#include "bounce/report.h"
#include "conf/conf.h"
#include "judge/verdict.h"

// "identity.relays" …: the first setting that could have told whose the original of REPORT is and
// that is not set. "" when VERDICT decides, or nothing could. Static.
const char *undecided_setting(const struct conf *conf, const struct report *report,
                              enum verdict verdict);
