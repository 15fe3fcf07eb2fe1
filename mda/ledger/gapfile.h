// SPDX-License-Identifier: MIT
// Gaps of the ledger that could not be written into it: a small file in the state directory, whose
// room is taken beforehand, so that a full disk does not keep a gap from being noted.
#pragma once

#include "ledger/ledger.h"

// Takes the room, where it is not taken yet. Failing is no trouble now.
void gapfile_prepare(const struct conf *conf);

// Notes GAP durably. When there is no room left, the oldest become one.
bool gapfile_add(const struct conf *conf, const struct ledger_gap *gap,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Takes out what GIVE, called for each gap, puts elsewhere; what it refuses stays. Without such a
// file there is nothing to do.
typedef bool (*gapfile_give)(const struct ledger_gap *gap, gpointer data, GError **err);
bool gapfile_drain(const struct conf *conf, gapfile_give give, gpointer data,
                   GError **err) G_GNUC_WARN_UNUSED_RESULT;

// Appends the gaps (struct ledger_gap) in it that end after SINCE. A file that is there and cannot
// be read is a gap that never ends.
void gapfile_read(const struct conf *conf, gint64 since, GArray *gaps);
