// SPDX-License-Identifier: MIT
// A configuration of Dovecot 2.3 or 2.4, as `doveconf -n` prints it, said in our settings.
#pragma once

#include <glib.h>

// TEXT (from `doveconf -n`) as a backstop.conf, owned by the caller. Each line that is about
// delivery, Sieve or sending and has no counterpart is named in a comment with its number and the
// reason; what is about IMAP, logins and the like is counted alone. *MISSING_R: how many were
// named.
char *dovecot_conf_translate(const char *text, guint *missing_r);

// The same of FIELDS (char * to char *) that Dovecot's user database knows of a user beside who he
// is: mail, sieve, quota_rule … Owned by the caller.
char *dovecot_fields_translate(GHashTable *fields);
