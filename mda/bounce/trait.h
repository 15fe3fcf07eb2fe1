// SPDX-License-Identifier: MIT
// Signs of automatic mail that the raw header and the envelope show: what every message is looked
// at for, without MIME. bounce_has_trait (classify.h) asks for any of them.
#pragma once

#include "bounce/classify.h"

enum trait {
    TRAIT_NULL_SENDER = 1 << 0,    // envelope sender <>
    TRAIT_DAEMON = 1 << 1,         // sender or From is a mail system
    TRAIT_REPORT_TYPE = 1 << 2,    // Content-Type multipart/report or a report's part
    TRAIT_AUTO_SUBMITTED = 1 << 3, // Auto-Submitted other than "no", and older fields for the same
    TRAIT_REPORT_FIELD = 1 << 4,   // a field that only reports have: X-Failed-Recipients …
    TRAIT_SUBJECT = 1 << 5,        // the subject begins as those of reports and replies do
    TRAIT_MARK = 1 << 6,           // a gateway's mark
    TRAIT_BULK = 1 << 7,           // Precedence bulk or junk, as vacation(1) sets it, and no list
    TRAIT_LIST = 1 << 8,           // a mailing list's field; only used to take TRAIT_BULK back
};

// The traits that make a message automatic by themselves; a subject does not.
#define TRAITS_STRONG                                                                              \
    (TRAIT_NULL_SENDER | TRAIT_DAEMON | TRAIT_REPORT_TYPE | TRAIT_AUTO_SUBMITTED |                 \
     TRAIT_REPORT_FIELD | TRAIT_MARK)

// The traits of MESSAGE, 0 for most mail.
unsigned bounce_traits(const struct bounce_settings *settings, const struct message *message,
                       const struct envelope *envelope);

// Does TEXT, lower case, name a mail system as the writer: mailer-daemon, postmaster …?
bool trait_names_daemon(const char *text);
