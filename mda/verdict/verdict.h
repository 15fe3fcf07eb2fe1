// SPDX-License-Identifier: MIT
// Evidence and policy to a verdict and its explanation. Pure: no I/O, no clock.
#pragma once

#include "evidence/finding.h"

#include <stdbool.h>

enum verdict {
    VERDICT_NONE = 0,
    VERDICT_GENUINE,
    VERDICT_BACKSCATTER,
    VERDICT_SUSPECT,
    VERDICT_UNKNOWN
};

// The verdict on an automatic message from COUNT findings, by the table of the manual.
enum verdict verdict_decide(const struct finding *findings, guint count);

// What stood behind it, as "source: fact; source: fact", those that decided first. Owned by the
// caller; "" when no source said anything.
char *verdict_explain(enum verdict verdict, const struct finding *findings, guint count);

const char *verdict_name(enum verdict verdict); // "backscatter" … Static.
bool verdict_parse(const char *name, enum verdict *verdict_r);
