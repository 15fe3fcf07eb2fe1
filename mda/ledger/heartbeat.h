// SPDX-License-Identifier: MIT
// A program that records all the time says once a minute that it recorded everything; what it could
// not record becomes a gap in the ledger as soon as that can be written, and is one until then.
#pragma once

#include "conf/conf.h"

// Begins for WHO ("milter"). CONF is borrowed until heartbeat_end. The ledger may be away.
void heartbeat_begin(const struct conf *conf, const char *who);

// From FROM (Unix seconds) on something was not recorded. Thread-safe.
void heartbeat_missed(gint64 from);

// Says a last time that all is recorded, and ends.
void heartbeat_end(void);
