// SPDX-License-Identifier: MIT
// The machine-readable part of a report: message/delivery-status (RFC 3464), its UTF-8 form (RFC
// 6533), message/disposition-notification (RFC 8098), message/feedback-report (RFC 5965). All are
// blocks of header fields, and all are found in the wild with fields missing, blocks run together,
// or as plain text.
#pragma once

#include "bounce/report.h"

// Reads TEXT into REPORT's reporting_mta and recipients. Returns how many recipients it named.
guint status_read(struct report *report, const char *text, gsize length);

// The same for disposition-notification and feedback-report: what they say of the original.
void status_read_notice(struct report *report, const char *text, gsize length);

// Does TEXT look like a delivery-status, whatever its type says?
bool status_looks_like(const char *text, gsize length);

// What the recipients' actions make of the report: failure before delay before success. False when
// no recipient says anything.
bool status_class(const struct report *report, enum bounce_class *class_r);

// The status code d.d.d in TEXT that comes first, or NULL. Owned by the caller.
char *status_code_in(const char *text);
