// SPDX-License-Identifier: MIT
// What doctor says of the ledger: whether it can be had, how far it reaches, where its gaps are,
// who records, and who can read it.
#pragma once

#include "cmd/doctor-reports.h"

void doctor_examine_ledger(const struct conf *conf, const struct doctor_seen *seen,
                           GArray *advices);
