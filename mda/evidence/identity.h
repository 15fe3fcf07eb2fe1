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

// Is ADDRESS (or NULL) ours: of our domains or of one below, one of identity.addresses or
// identity.never-sends, an address that this mail was delivered to, or one from which the Sent
// folder shows mail?
bool identity_is_ours(const struct evidence_case *evidence_case, const char *address);

// Does HOST (or NULL) bear a name of one of our domains, as far as names tell?
bool identity_names_host(const struct evidence_case *evidence_case, const char *host);
