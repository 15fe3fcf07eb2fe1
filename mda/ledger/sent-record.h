// SPDX-License-Identifier: MIT
// One message into the sent-ledger: what the pipe and the sendmail wrapper do with each.
#pragma once

#include "conf/conf.h"

// Records the message BYTES as sent FROM (or NULL) to RECIPIENTS (or NULL: as its header says),
// waiting at most so many MILLISECONDS for the ledger.
bool sent_record(const struct conf *conf, GBytes *bytes, const char *from,
                 const char *const *recipients, gint64 milliseconds,
                 GError **err) G_GNUC_WARN_UNUSED_RESULT;

// The same for mail that leaves whether it is recorded or not: what could not be recorded is logged
// and leaves a gap in the ledger. WHO stands in the log line.
void sent_record_or_gap(const struct conf *conf, GBytes *bytes, const char *from,
                        const char *const *recipients, gint64 milliseconds, const char *who);
