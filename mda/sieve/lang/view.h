// SPDX-License-Identifier: MIT
// The message as the script sees it: the header with what editheader did to it, and the fields'
// decoded values. Loaded from the host when first asked for.
#pragma once

#include "sieve/host.h"

struct sieve_view {
    const struct sieve_host *host;
    GPtrArray *fields;  // struct sieve_view_field *, NULL until loaded
    bool edited;        // the header differs from the host's
    GBytes *unenclosed; // the message before the first enclose, or NULL
};

struct sieve_view_field {
    char *name;       // "": a line that is no field
    char *raw;        // as it stands, folded
    char *decoded;    // NULL until asked for
    const char *line; // as it came, or NULL for one that a script added; see struct sieve_field
    gsize line_length;
};

struct sieve_view *sieve_view_new(const struct sieve_host *host);
void sieve_view_free(struct sieve_view *view);
void sieve_view_reset(struct sieve_view *view); // the host has another message now

// All fields, struct sieve_view_field *. Borrowed.
GPtrArray *sieve_view_fields(struct sieve_view *view);

// FIELD's value: unfolded, decoded, trimmed. Borrowed.
const char *sieve_view_decoded(struct sieve_view *view, struct sieve_view_field *field);

// Puts a field in front of the header, or behind it when LAST.
void sieve_view_add(struct sieve_view *view, const char *name, const char *value, bool last);
// Appends FIELD as a line of a header: as it came, else with CRLF line ends or LF.
void sieve_view_append(GString *out, const struct sieve_view_field *field, bool crlf);

// Drops field N of the list.
void sieve_view_remove(struct sieve_view *view, guint n);

// The message as edited. Owned by the caller.
GBytes *sieve_view_message(struct sieve_view *view);
// Its size, in octets with CRLF line ends.
guint64 sieve_view_size(struct sieve_view *view);

// RAW without line ends (RFC 5322 §2.2.3) and the blanks around it. Owned by the caller.
char *sieve_unfold(const char *raw);
