// SPDX-License-Identifier: MIT
// Mail addresses and host addresses in text that others wrote, found without parsing it fully.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

// Adds every addr-spec found in TEXT (a header value, a line of a report), ASCII letters in lower
// case, each once, to ADDRESSES (char *, owned by it), until that holds MAX. Returns false when
// MAX cut it short.
bool address_scan(const char *text, guint max, GPtrArray *addresses);

// ADDRESS as it is compared: without <> and blanks, ASCII letters in lower case, without a trailing
// dot. Owned by the caller; NULL for NULL.
char *address_fold(const char *address);

// ADDRESS folded and without the tag of a signed return path ("prvs=0123abcdef=user@…", also its
// loose variants "user=prvs=…@" and "btv1==…==user@"). Owned by the caller; NULL for NULL.
char *address_untagged(const char *address);

// ADDRESS as accounts are compared: untagged, what a forwarder's SRS wrote around it taken off, no
// detail behind a '+', its domain as domain_to_ascii writes it. Owned by the caller; NULL for NULL.
char *address_plain(const char *address);

// Is DOMAIN one of PATTERNS? "example.org" is that domain, ".example.org" it and its subdomains.
bool domain_among(const char *domain, const char *const *patterns);

// NAME as names are compared: ASCII (RFC 5890), lower case, without a trailing dot. Owned by the
// caller; NULL for NULL.
char *domain_to_ascii(const char *name);

// The registrable domain below which the host or domain NAME stands, by the Public Suffix List: the
// organisation that it belongs to, as domain_to_ascii writes it. NULL for an address, a single label,
// and a name under which others register theirs ("co.uk"). Owned by the caller.
char *domain_organisation(const char *name);

// Do the host or domain names A and B belong to one organisation? NULL is related to nothing.
bool domain_related(const char *a, const char *b);

// An IP address, IPv4 in its mapped form.
struct ip_address {
    guint8 bytes[16];
};

// Reads "192.0.2.1", "2001:db8::1", "[…]", "IPv6:…", "::ffff:192.0.2.1", each with an optional zone
// or surrounding []. False when TEXT is none.
bool ip_parse(const char *text, struct ip_address *address_r);

// Does TEXT ("192.0.2.0/24", "2001:db8::/32", or one address) hold ADDRESS? False when it is none.
bool ip_in_network(const struct ip_address *address, const char *network);

bool ip_is_v4(const struct ip_address *address);

// Loopback, RFC 1918, RFC 6598, link-local or unique local, also inside 6to4 (RFC 3056): says nothing
// to the outside.
bool ip_is_private(const struct ip_address *address);
bool ip_is_loopback(const struct ip_address *address);

// "192.0.2.1" or "2001:db8::1". Owned by the caller.
char *ip_text(const struct ip_address *address);
