// SPDX-License-Identifier: MIT
// By what a report is known again when the user said of another one that it is genuine, or
// backscatter.
#pragma once

#include "bounce/report.h"
#include "message/message.h"

struct report_trace {
    const char *kind; // "recipient", "host", "sender", "subject"; static
    char *fact;
    bool of_genuine, of_backscatter; // which word it can carry
};

// The traces of REPORT, which MESSAGE is: struct report_trace *, owned by the array.
GPtrArray *report_traces(const struct message *message, const struct report *report);

// The words of SUBJECT (may be NULL) without what differs from one mail of a run to the next:
// digits, marks, prefixes of answers. Owned by the caller.
char *report_subject_key(const char *subject);
