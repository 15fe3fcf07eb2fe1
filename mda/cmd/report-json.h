// SPDX-License-Identifier: MIT
// A report as JSON, the form that other programs rely on (backstop check --json).
#pragma once

#include "base/json.h"
#include "bounce/report.h"

// Writes the members "report", "original" and "limits" into the object that is open.
void report_to_json(struct json *json, const struct report *report);
