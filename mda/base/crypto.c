// SPDX-License-Identifier: MIT
// The module backstop-crypto.so: the one file that knows libcrypto (1.1.1 and later).
#include "base/crypto.h"

#include "base/error.h"
#include "config.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ED25519_KEY_BYTES 32
// Larger keys only cost time.
#define KEY_MAX_BYTES 4096
#define RSA_MAX_BITS 8192

static EVP_PKEY *read_rsa(const guint8 *key, gsize size)
{
    const guint8 *at = key;
    EVP_PKEY *parsed = d2i_PUBKEY(NULL, &at, (long)size);
    if (parsed)
        return parsed;
    // Some publish the bare RSAPublicKey.
    at = key;
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)size);
}

static EVP_PKEY *read_key(enum crypto_key_kind kind, const guint8 *key, gsize size)
{
    if (size == 0 || size > KEY_MAX_BYTES)
        return NULL;
    if (kind == CRYPTO_RSA)
        return read_rsa(key, size);
    if (size == ED25519_KEY_BYTES)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, size);
    const guint8 *at = key;
    return d2i_PUBKEY(NULL, &at, (long)size);
}

static bool check_rsa(EVP_PKEY *key, const guint8 *hash, const guint8 *signature, gsize size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    const bool fits = context && EVP_PKEY_verify_init(context) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_verify(context, signature, size, hash, 32) == 1;
    EVP_PKEY_CTX_free(context);
    return fits;
}

static bool check_ed25519(EVP_PKEY *key, const guint8 *hash, const guint8 *signature, gsize size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool fits = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                      EVP_DigestVerify(context, signature, size, hash, 32) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

static bool verify(enum crypto_key_kind kind, const guint8 *key, gsize key_size,
                   const guint8 hash[32], const guint8 *signature, gsize signature_size,
                   bool *fits_r, guint *bits_r, GError **err)
{
    const int wanted = kind == CRYPTO_RSA ? EVP_PKEY_RSA : EVP_PKEY_ED25519;
    EVP_PKEY *parsed = read_key(kind, key, key_size);
    if (!parsed || EVP_PKEY_base_id(parsed) != wanted || EVP_PKEY_bits(parsed) > RSA_MAX_BITS) {
        EVP_PKEY_free(parsed);
        return mda_fail(err, MDA_ERROR_SYNTAX, "the public key cannot be read");
    }
    *bits_r = (guint)EVP_PKEY_bits(parsed);
    *fits_r = kind == CRYPTO_RSA ? check_rsa(parsed, hash, signature, signature_size)
                                 : check_ed25519(parsed, hash, signature, signature_size);
    EVP_PKEY_free(parsed);
    return true;
}

static EVP_PKEY *read_pem(const char *pem, gsize size)
{
    BIO *input = BIO_new_mem_buf(pem, (int)MIN(size, (gsize)G_MAXINT));
    EVP_PKEY *key = PEM_read_bio_PUBKEY(input, NULL, NULL, NULL);
    if (!key && BIO_reset(input) == 1)
        key = PEM_read_bio_PrivateKey(input, NULL, NULL, NULL);
    BIO_free(input);
    return key;
}

static bool public_key_of_pem(const char *pem, gsize size, enum crypto_key_kind *kind_r,
                              GBytes **key_r, GError **err)
{
    EVP_PKEY *key = read_pem(pem, size);
    const int id = key ? EVP_PKEY_base_id(key) : 0;
    guint8 *der = NULL;
    const int length = id == EVP_PKEY_RSA || id == EVP_PKEY_ED25519 ? i2d_PUBKEY(key, &der) : -1;
    EVP_PKEY_free(key);
    if (length <= 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "holds no RSA or ed25519 key in PEM form");
    *kind_r = id == EVP_PKEY_RSA ? CRYPTO_RSA : CRYPTO_ED25519;
    *key_r = g_bytes_new(der, (gsize)length);
    OPENSSL_free(der);
    return true;
}

extern const struct crypto_api MODULE_SYMBOL;
const struct crypto_api MODULE_SYMBOL = {
    .head = {PACKAGE_VERSION},
    .verify = verify,
    .public_key_of_pem = public_key_of_pem,
};
