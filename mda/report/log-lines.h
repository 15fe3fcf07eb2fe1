// SPDX-License-Identifier: MIT
// What a log says of deliveries: each line of ours that tells of a judged report is an event. Reads
// "key=value, key=value", logfmt (values in quotes where need be) and JSON objects, behind whatever
// syslog, journalctl or a file put in front.
#pragma once

#include "report/tally.h"

#include <glib.h>
#include <stdbool.h>

struct log_line_fields {
    gint64 time;       // unix seconds; 0 where the line has none
    char *message;     // what stands behind "backstop[123]: ", or the line
    GHashTable *words; // char * -> char *: id, class, verdict …
};

// Takes LINE apart. False when it is none that tells of a delivery of ours. NOW is for stamps that
// have no year. Clear the fields with log_line_clear.
bool log_line_parse(const char *line, gint64 now, struct log_line_fields *fields_r);
void log_line_clear(struct log_line_fields *fields);

// Adds the event that LINE tells of, if it tells of a report. Returns whether it did.
bool log_line_count(struct tally *tally, const char *line, gint64 now);
