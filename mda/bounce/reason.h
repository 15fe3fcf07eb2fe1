// SPDX-License-Identifier: MIT
// Why it failed, in the words of a report whose machine-readable part does not say, for each
// recipient: diagnostic, status and action. Called once recipients and class are known.
#pragma once

#include "bounce/message-facts.h"

void reason_read(struct facts *facts);
