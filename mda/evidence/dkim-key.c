// SPDX-License-Identifier: MIT
// A key file holds PEM (public or private), a DNS record's text ("v=DKIM1; p=…"), the same as a
// line of a zone file (RFC 1035 5.1; what opendkim-genkey and rspamadm write), or bare base64.
// [dkim] key-file has entries "selector:path" or "selector._domainkey.domain:path".
#include "evidence/dkim-key.h"

#include "base/auto.h"
#include "base/dns.h"
#include "base/error.h"
#include "base/files.h"

#include <string.h>

#define KEY_FILE_MAX_BYTES 16384

// The file that the settings name for SIGNATURE, or NULL. Borrowed.
static const char *key_file(const struct conf *conf, const struct dkim_signature *signature)
{
    g_autofree char *full =
        g_strdup_printf("%s._domainkey.%s", signature->selector, signature->domain);
    for (const char *const *entry = conf_list(conf, CONF_DKIM_KEY_FILE); *entry; entry++) {
        const char *colon = strchr(*entry, ':');
        if (!colon)
            continue;
        g_autofree char *name = g_strndup(*entry, (gsize)(colon - *entry));
        if (g_ascii_strcasecmp(name, signature->selector) == 0 ||
            g_ascii_strcasecmp(name, full) == 0)
            return colon + 1;
    }
    return NULL;
}

// Is WORD, or ANY, in the colon-separated TAG of RECORD? True when that is not there.
static bool record_allows(const char *record, const char *tag, const char *word, const char *any)
{
    g_autofree char *value = dkim_tag(record, tag);
    if (!value)
        return true;
    g_auto(GStrv) words = g_strsplit(value, ":", -1);
    for (char **one = words; *one; one++) {
        if (g_ascii_strcasecmp(*one, word) == 0 || (any && strcmp(*one, any) == 0))
            return true;
    }
    return false;
}

// t=s in the record: i= names d= itself, nothing below it.
static bool fits_strictly(const char *record, const struct dkim_signature *signature)
{
    g_autofree char *flags = dkim_tag(record, "t");
    const char *at = signature->identity ? strrchr(signature->identity, '@') : NULL;
    return !flags || !record_allows(record, "t", "s", NULL) || !at ||
           g_ascii_strcasecmp(at + 1, signature->domain) == 0;
}

// RFC 6376 §3.6.1, §6.1.2: a record that is not for this use holds no key.
static bool from_record(const char *record, const struct dkim_signature *signature,
                        enum crypto_key_kind *kind_r, GBytes **key_r, GError **err)
{
    g_autofree char *version = dkim_tag(record, "v");
    g_autofree char *kind = dkim_tag(record, "k");
    g_autofree char *encoded = dkim_tag(record, "p");
    gsize size = 0;
    const bool ed25519 = kind && g_ascii_strcasecmp(kind, "ed25519") == 0;
    if (!dkim_is_list(record) || (version && strcmp(version, "DKIM1") != 0) ||
        (kind && !ed25519 && g_ascii_strcasecmp(kind, "rsa") != 0))
        return mda_fail(err, MDA_ERROR_SYNTAX, "the key's record is not sound");
    if (!record_allows(record, "h", "sha256", NULL) || !record_allows(record, "s", "email", "*") ||
        !fits_strictly(record, signature))
        return mda_fail(err, MDA_ERROR_SYNTAX, "the key is not for this use");
    if (!encoded || !*encoded)
        return mda_fail(err, MDA_ERROR_GONE, "the key was revoked or never published");
    guint8 *key = g_base64_decode(encoded, &size);
    *kind_r = ed25519 ? CRYPTO_ED25519 : CRYPTO_RSA;
    *key_r = g_bytes_new_take(key, size);
    return true;
}

// The strings of a zone file's line, put together.
static char *join_strings(const char *line)
{
    GString *joined = g_string_new(NULL);
    bool inside = false;
    for (; *line; line++) {
        if (*line == '"')
            inside = !inside;
        else if (inside && *line == '\\' && line[1])
            g_string_append_c(joined, *++line);
        else if (inside)
            g_string_append_c(joined, *line);
    }
    return g_string_free(joined, FALSE);
}

static bool from_file(const char *path, const struct dkim_signature *signature,
                      enum crypto_key_kind *kind_r, GBytes **key_r, GError **err)
{
    g_autofree char *text = NULL;
    if (!files_read(path, KEY_FILE_MAX_BYTES, &text, NULL, err))
        return false;
    if (strstr(text, "-----BEGIN")) {
        const struct crypto_api *crypto = crypto_load(err);
        return crypto && crypto->public_key_of_pem(text, strlen(text), kind_r, key_r, err);
    }
    if (strchr(text, '"')) {
        char *joined = join_strings(text);
        g_free(text);
        text = joined;
    }
    if (strstr(text, "p="))
        return from_record(text, signature, kind_r, key_r, err);
    g_autofree char *record = g_strdup_printf("p=%s", text);
    if (!from_record(record, signature, kind_r, key_r, err))
        return false;
    if (g_str_has_prefix(signature->algorithm, "ed25519"))
        *kind_r = CRYPTO_ED25519;
    return true;
}

static bool from_dns(const struct evidence_case *evidence_case,
                     const struct dkim_signature *signature, enum crypto_key_kind *kind_r,
                     GBytes **key_r, GError **err)
{
    const struct conf *conf = evidence_case->conf;
    g_autofree char *name =
        g_strdup_printf("%s._domainkey.%s", signature->selector, signature->domain);
    g_autoptr(DnsAnswer) answer = NULL;
    const struct deadline deadline = deadline_sooner(
        evidence_case->deadline, deadline_in(conf_milliseconds(conf, CONF_DNS_TIMEOUT)));
    if (!dns_ask(name, DNS_TXT, conf_string(conf, CONF_DNS_SERVER), deadline, &answer, err))
        return false;
    for (guint i = 0; i < answer->records->len; i++) {
        const char *record = g_ptr_array_index(answer->records, i);
        if (strstr(record, "p="))
            return from_record(record, signature, kind_r, key_r, err);
    }
    return mda_fail(err, MDA_ERROR_GONE, "%s holds no key", name);
}

bool dkim_key_get(const struct evidence_case *evidence_case, const struct dkim_signature *signature,
                  enum crypto_key_kind *kind_r, GBytes **key_r, GError **err)
{
    const char *path = key_file(evidence_case->conf, signature);
    return path ? from_file(path, signature, kind_r, key_r, err)
                : from_dns(evidence_case, signature, kind_r, key_r, err);
}
