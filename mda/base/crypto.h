// SPDX-License-Identifier: MIT
// The door to OpenSSL's libcrypto: a table of functions in the module backstop-crypto.so. HMAC and
// digests of small things need no library beyond GLib and are not here.
#pragma once

#include "base/module.h"

#include <stdbool.h>

enum crypto_key_kind { CRYPTO_RSA, CRYPTO_ED25519 };

struct crypto_api {
    struct module_head head;

    // Does SIGNATURE stand for the SHA-256 digest HASH under the public KEY? RSA: PKCS#1 v1.5, KEY
    // is SubjectPublicKeyInfo or RSAPublicKey in DER; ed25519: HASH itself is what was signed (RFC
    // 8463), KEY is 32 bytes, or SubjectPublicKeyInfo. *BITS_R is the size of the key. A KEY that
    // cannot be read is an error; a signature that does not fit is *FITS_R false.
    bool (*verify)(enum crypto_key_kind kind, const guint8 *key, gsize key_size,
                   const guint8 hash[32], const guint8 *signature, gsize signature_size,
                   bool *fits_r, guint *bits_r, GError **err);

    // The public key of a PEM file's text (a public or a private key, or a certificate's), as
    // SubjectPublicKeyInfo in DER. Owned by the caller.
    bool (*public_key_of_pem)(const char *pem, gsize size, enum crypto_key_kind *kind_r,
                              GBytes **key_r, GError **err);
};

static inline const struct crypto_api *crypto_load(GError **err)
{
    return (const struct crypto_api *)module_load("crypto", err);
}
