// SPDX-License-Identifier: MIT
// The returned original: from its header block to struct original.
#pragma once

#include "bounce/report.h"

// Fills in REPORT's original from BYTES, the original's header and, behind an empty line, as much
// of its body as came back. WHERE says where it was found ("text"). LIMITS go to the report.
void original_read(struct report *report, GBytes *bytes, const char *where);

// What a reply says of the mail that it answers: the Message-IDs in VALUE (In-Reply-To,
// References).
void original_add_references(struct report *report, const char *value);
