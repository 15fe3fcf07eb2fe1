// SPDX-License-Identifier: MIT
// By what a report is known again of which the user said that it is genuine, or backscatter. Shared
// by the source "word" and by learn/, which keeps his word.
#pragma once

#include "bounce/report.h"
#include "message/message.h"

struct word_fact {
    const char *kind; // "recipient", "host", "sender", "subject"; static
    char *fact;
    bool of_genuine, of_backscatter; // which word it can carry
};

// The facts of REPORT, which MESSAGE is: struct word_fact *, owned by the array.
GPtrArray *word_facts(const struct message *message, const struct report *report);

// The words of SUBJECT (may be NULL) without what differs from one mail of a run to the next:
// digits, marks, prefixes of answers. Owned by the caller.
char *word_subject_key(const char *subject);
