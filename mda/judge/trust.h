// SPDX-License-Identifier: MIT
// Whose mail is never judged: [judgement] trust and trust-file.
#pragma once

#include "conf/conf.h"
#include "message/envelope.h"
#include "message/message.h"

// "mx.example.net is trusted (*.example.net)": why MESSAGE is not to be judged; NULL when it is.
// Owned by the caller.
char *trust_reason(const struct conf *conf, const struct message *message,
                   const struct envelope *envelope);
