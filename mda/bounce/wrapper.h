// SPDX-License-Identifier: MIT
// Messages that a filter or a gateway enclosed in one of its own: SpamAssassin's report_safe, and
// what puts a notice in front of the whole. The enclosed report is the report.
#pragma once

#include "bounce/message-facts.h"

// The message that FACTS' message encloses, when it is one of a wrapper's form; NULL: none. Owned
// by the caller.
GBytes *wrapper_enclosed(const struct facts *facts);

// Is the enclosed message the same that the wrapper says to be: of its sender and subject, or
// marked as the original by SpamAssassin?
bool wrapper_is_same(struct facts *facts);
