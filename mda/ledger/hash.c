// SPDX-License-Identifier: MIT
#include "ledger/hash.h"

#include "base/address.h"

#define MESSAGE_ID_MAX_BYTES 998

struct ledger_hasher {
    GHmac *hmac; // keyed; copied for each hash
};

struct ledger_hasher *ledger_hasher_new(GBytes *key)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(key, &size);
    struct ledger_hasher *hasher = g_new0(struct ledger_hasher, 1);
    hasher->hmac = g_hmac_new(G_CHECKSUM_SHA256, bytes, size);
    return hasher;
}

void ledger_hasher_free(struct ledger_hasher *hasher)
{
    if (!hasher)
        return;
    g_hmac_unref(hasher->hmac);
    g_free(hasher);
}

// KIND keeps a Message-ID and an address that read the same apart.
static struct ledger_hash hash_bytes(const struct ledger_hasher *hasher, char kind,
                                     gconstpointer data, gsize size)
{
    struct ledger_hash hash;
    guint8 digest[32];
    gsize length = sizeof digest;
    g_autoptr(GHmac) hmac = g_hmac_copy(hasher->hmac);
    g_hmac_update(hmac, (const guchar *)&kind, 1);
    g_hmac_update(hmac, data, (gssize)size);
    g_hmac_get_digest(hmac, digest, &length);
    memcpy(hash.bytes, digest, sizeof hash.bytes);
    return hash;
}

gint64 ledger_hasher_mark(const struct ledger_hasher *hasher)
{
    const struct ledger_hash hash = hash_bytes(hasher, 'k', "", 0);
    gint64 mark;
    memcpy(&mark, hash.bytes, sizeof mark);
    return GINT64_FROM_LE(mark) & G_MAXINT64 ? GINT64_FROM_LE(mark) & G_MAXINT64 : 1;
}

bool ledger_hash_id(const struct ledger_hasher *hasher, const char *text,
                    struct ledger_hash *hash_r)
{
    g_autofree char *folded = address_fold(text);
    if (!folded || !*folded || strlen(folded) > MESSAGE_ID_MAX_BYTES)
        return false;
    *hash_r = hash_bytes(hasher, 'i', folded, strlen(folded));
    return true;
}

struct ledger_hash ledger_hash_address(const struct ledger_hasher *hasher, const char *address)
{
    g_autofree char *folded = address_untagged(address);
    return hash_bytes(hasher, 'a', folded, strlen(folded));
}

struct ledger_hash ledger_hash_owner(const struct ledger_hasher *hasher, const char *address)
{
    g_autofree char *folded = address_untagged(address);
    char *at = strrchr(folded, '@');
    gsize length = at ? strcspn(folded, "+=@") : strlen(folded);
    if (at && folded[length] == '=') {
        const char *dash = g_strrstr_len(folded, (gssize)length, "-");
        length = dash ? (gsize)(dash - folded) : length;
    }
    if (at && length > 0 && folded + length < at)
        memmove(folded + length, at, strlen(at) + 1);
    return hash_bytes(hasher, 'a', folded, strlen(folded));
}

struct ledger_hash ledger_hash_near(const struct ledger_hasher *hasher, const char *address,
                                    gint64 span)
{
    g_autofree char *folded = address_untagged(address);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s", span, folded);
    return hash_bytes(hasher, 'n', text, strlen(text));
}

// SUBJECT as it is compared: white space and case may change on the way. NULL when there is nothing
// to compare.
static char *fold_subject(const char *subject)
{
    g_autofree char *valid = subject ? g_utf8_make_valid(subject, -1) : NULL;
    g_autofree char *folded = valid ? g_utf8_casefold(valid, -1) : NULL;
    g_auto(GStrv) words = g_strsplit_set(folded ? folded : "", " \t\r\n", -1);
    GString *text = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        if (**word)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", *word);
    }
    return g_string_free(text, text->len == 0);
}

bool ledger_hash_alike(const struct ledger_hasher *hasher, gint64 date, const char *subject,
                       struct ledger_hash *hash_r)
{
    g_autofree char *folded = fold_subject(subject);
    if (date <= 0 || !folded)
        return false;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s", date, folded);
    *hash_r = hash_bytes(hasher, 'l', text, strlen(text));
    return true;
}

struct ledger_hash ledger_hash_bound(const struct ledger_hasher *hasher, enum ledger_bond bond,
                                     const struct ledger_hash *owner, const struct ledger_hash *to)
{
    struct ledger_hash both[2] = {*owner, *to};
    return hash_bytes(hasher, (char)bond, both, sizeof both);
}
