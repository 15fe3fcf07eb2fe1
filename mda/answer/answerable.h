// SPDX-License-Identifier: MIT
// May the sender of a message be answered at all? The one place that decides it, for everything
// that sends by itself: vacation, reject, notifications to the sender. RFC 3834 §2, RFC 5230 §4.5.
#pragma once

#include "conf/conf.h"
#include "message/envelope.h"
#include "message/message.h"

// Returns NULL when MESSAGE may be answered, or why not (static). UNWANTED: the verdict on the
// message is against it, or nothing is known of the report that it is.
//
// Never answered: the null sender and daemons; lists and bulk; what says that it was sent
// automatically or that it wants no answer; what a trusted host ([answer] trusted) found to fail
// SPF, DKIM or DMARC in Authentication-Results, since its sender is forged.
const char *answerable_why_not(const struct conf *conf, const struct message *message,
                               const struct envelope *envelope, bool unwanted);
