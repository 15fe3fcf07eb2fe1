// SPDX-License-Identifier: MIT
// A DKIM-Signature field taken apart, and what it signs as bytes to be hashed (RFC 6376 §3). Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct dkim_signature {
    char *domain, *selector; // d=, s=
    char *identity;          // i=, or NULL
    char *algorithm;         // a=
    char **headers;          // h=, in order
    guint8 *signature;       // b=
    gsize signature_size;
    guint8 *body_hash; // bh=
    gsize body_hash_size;
    gint64 time, expires; // t=, x=; 0: not given
    gint64 body_length;   // l=; -1: not given
    bool relaxed_header, relaxed_body;
};

// Reads FIELD, "DKIM-Signature: …" with its folding. NULL when it is not sound (RFC 6376 §6.1.1): a
// tag that stands twice, is missing or cannot be, an unsigned From.
struct dkim_signature *dkim_signature_read(const char *field);
void dkim_signature_free(struct dkim_signature *signature);

// The very fields among FIELDS (char *, each "Name: value" as it came) that are signed, in the
// order of h=: of several with one name the last first (§5.4.2). FIELD, the signature's own, is
// none of them. Borrowed from FIELDS; the array is the caller's.
GPtrArray *dkim_signed_fields(const struct dkim_signature *signature, const char *field,
                              const GPtrArray *fields);

// SHA-256 over those fields, and over FIELD.
void dkim_hash_header(const struct dkim_signature *signature, const char *field,
                      const GPtrArray *fields, guint8 hash_r[32]);

// Does a field that may stand once, and is signed, stand more often than h= lists it (§8.15)? Then
// somebody may have put another one there. *NAME_R is its name, a constant.
bool dkim_has_unsigned_twin(const struct dkim_signature *signature, const GPtrArray *fields,
                            const char **name_r);

// Does the body hash fit the whole BODY (SIZE bytes, LF or CRLF line ends)? One that covers only
// the beginning (l=) does not: what follows may be anybody's (§8.2).
bool dkim_body_fits(const struct dkim_signature *signature, const char *body, gsize size);

// Is FIELD, "Name: value", called NAME?
bool dkim_is_called(const char *field, const char *name);

// May LIST be a tag list (§3.2): each tag stands once?
bool dkim_is_list(const char *list);

// "v=DKIM1; k=rsa; p=…": the value of TAG, white space removed, or NULL. Owned by the caller.
char *dkim_tag(const char *list, const char *tag);

typedef struct dkim_signature DkimSignature;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DkimSignature, dkim_signature_free)
