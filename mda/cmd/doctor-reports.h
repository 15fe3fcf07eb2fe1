// SPDX-License-Identifier: MIT
// What doctor tells of the reports that came: what they would become, what each source of evidence
// says of them, and which source contradicts a proof.
#pragma once

#include "conf/conf.h"

// Judges the last reports in the maildir FOLDER (NULL: in the inbox and Junk), and prints. Changes
// nothing.
void doctor_reports(const struct conf *conf, const char *folder);
