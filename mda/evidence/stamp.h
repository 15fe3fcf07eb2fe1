// SPDX-License-Identifier: MIT
// The stamp that we put into outgoing mail: X-Backstop-Sent: 1; k=KEY; s=HEX, an HMAC-SHA256 over
// the address in From, Date and Message-ID. A report that returns the header returns it.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define STAMP_FIELD "X-Backstop-Sent"

// The value of the field for a message, by the signing one of KEYS (see evidence/keys.h). NULL when
// one of FROM, DATE and MESSAGE_ID (header values) is NULL. Owned by the caller.
char *stamp_make(const GPtrArray *keys, const char *from, const char *date, const char *message_id);

// Does VALUE, a field that came back, fit? False also for one that is no stamp.
bool stamp_verify(const GPtrArray *keys, const char *value, const char *from, const char *date,
                  const char *message_id);
