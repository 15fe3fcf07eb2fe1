// SPDX-License-Identifier: MIT
// IMAP keywords (flags that are no system flags), as Dovecot keeps them.
#pragma once

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

// May FLAG be a keyword: an IMAP atom (RFC 3501 §9) that is no system flag? $Forwarded is one, for
// Dovecot does not know the maildir letter P.
bool keyword_is_sound(const char *flag);

// The letters a to z, sorted, that stand for those of FLAGS (char *, may be NULL) that are keywords
// in the Maildir folder at PATH; new ones are added to its file dovecot-keywords under the lock
// that Dovecot takes. What cannot be kept is left out, and the log says so: a keyword is no reason
// to hold mail up. Owned by the caller.
char *maildir_keywords(const char *path, const GPtrArray *flags, mode_t mode,
                       struct deadline deadline);
