// SPDX-License-Identifier: MIT
// The tally that a user's state keeps, in two small files: "counts", the sums, and "counts.new", a
// line for each report since, which becomes part of the sums when it has grown. Losing them costs
// pictures, so they are never synced; writing a line is one open and one write.
#pragma once

#include "report/tally.h"

// Where counts.new becomes part of counts.
#define COUNTS_NEW_MAX (64 * 1024)

// Adds EVENT to the counts in DIRECTORY, which is made when it is missing. Another process that
// works on them is waited for a moment, then EVENT is left out. False with *err.
bool counts_note(const char *directory, const struct tally_event *event,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// What is in DIRECTORY; an empty tally where nothing was ever counted. False with *err when it
// cannot be read. Owned by the caller.
bool counts_read(const char *directory, struct tally **tally_r,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;
