// SPDX-License-Identifier: MIT
// The words of MAIL and RCPT: paths (RFC 5321 §4.1.2), addresses, xtext (RFC 3461 §4). Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>

// Reads "<local@domain>" at *AT and moves behind it. A source route is dropped (RFC 5321 §F.2);
// "<>" gives "". False when that is no path, or the address in it no address: control characters,
// an empty local part or domain, 8-bit characters that are not UTF-8. *ADDRESS_R is owned by the
// caller. A local part alone is an address: it is what many LMTP clients send.
bool lmtp_parse_path(const char **at, char **address_r) G_GNUC_WARN_UNUSED_RESULT;

// The local part of ADDRESS without its quotes, and its domain without a final dot, in lower case
// ("" when it has none). Owned by the caller.
void lmtp_split_address(const char *address, char **local_r, char **domain_r);

// TEXT with "+41" as "A", or NULL when it is not xtext or stands for a control character. Owned by
// the caller.
char *lmtp_decode_xtext(const char *text);
