// SPDX-License-Identifier: MIT
// A DKIM-Signature field taken apart, and what it signs as bytes to be hashed (RFC 6376 §3). Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>

struct dkim_signature {
    char *domain, *selector; // d=, s=
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

// Reads FIELD, "DKIM-Signature: …" with its folding. NULL when it is not sound.
struct dkim_signature *dkim_signature_read(const char *field);
void dkim_signature_free(struct dkim_signature *signature);

// SHA-256 over the signed fields among FIELDS (char *, each "Name: value" as it came) and over
// FIELD, the signature's own.
void dkim_hash_header(const struct dkim_signature *signature, const char *field,
                      const GPtrArray *fields, guint8 hash_r[32]);

// Does the body hash fit BODY (SIZE bytes, LF or CRLF line ends)?
bool dkim_body_fits(const struct dkim_signature *signature, const char *body, gsize size);

// Is NAME among the signed fields?
bool dkim_signs(const struct dkim_signature *signature, const char *name);

// "v=DKIM1; k=rsa; p=…": the value of TAG, white space removed, or NULL. Owned by the caller.
char *dkim_tag(const char *list, const char *tag);

typedef struct dkim_signature DkimSignature;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DkimSignature, dkim_signature_free)
