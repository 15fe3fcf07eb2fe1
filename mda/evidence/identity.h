// SPDX-License-Identifier: MIT
// Who are we? The site's domains and the user's addresses: configured, or worked out where that is
// safe.
#pragma once

#include "evidence/evidence.h"

// The addresses to which this report was sent, as far as we know: the envelope's, or, without one,
// what the delivering MTA noted in the message. Folded; char *, owned by the array.
GPtrArray *identity_addressees(const struct evidence_case *evidence_case);

// Our mail domains: the configured ones, or, when there are none, those of the addressees. As for
// domain_among. Owned by the caller (g_strfreev).
char **identity_domains(const struct evidence_case *evidence_case);

// Does HOST (or NULL) bear a name of one of our domains, as far as names tell?
bool identity_names_host(const struct evidence_case *evidence_case, const char *host);
