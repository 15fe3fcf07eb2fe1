// SPDX-License-Identifier: MIT
// Does the returned header bear a DKIM signature of our domain that verifies over it (RFC 6376, RFC
// 8463)? The body is not needed for that: its hash is part of what is signed.
//
// Design rationale
// - Whoever received a signed mail can send its header again, and the signature verifies. What he
//   cannot change is whom it was written to: so it is proof when a failed recipient stands in the
//   signed To or Cc, or when we are known to have sent him that mail. With the body returned and
//   its hash right it is the same mail at least: strong. Else a hint.
// - A signature that does not verify says nothing: servers on the way drop or rewrite fields.
// - A second To on top of a replayed header is not what was signed: addresses are taken from the
//   hashed fields alone, and a field that stands more often than it is signed ends all proof.
// - An expired one (x=) still shows that we signed, but no more than a hint.
// - Absence is held against a report only when the site signs everything ([dkim] signs-all), the
//   header came back whole, and the report is not by one of our own hosts, which may have refused
//   the mail before it was signed.
#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/dkim-key.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"
#include "evidence/relays.h"

#include <string.h>

// Signatures of ours that are verified at most; each costs a DNS query.
#define SIGNATURES_MAX 6
#define FIELDS_MAX 1000
// RFC 8301 §3.2
#define RSA_MIN_BITS 1024
#define CLOCK_SLACK_SECONDS (24 * 3600)
#define ADDRESSES_MAX 100

enum check { CHECK_NO, CHECK_EXPIRED, CHECK_YES };

static bool is_of_ours(const char *domain, char **domains)
{
    for (char **ours = domains; *ours; ours++) {
        const char *bare = **ours == '.' ? *ours + 1 : *ours;
        const gsize a = strlen(domain), b = strlen(bare);
        if (b > 0 && a >= b && g_ascii_strcasecmp(domain + a - b, bare) == 0 &&
            (a == b || domain[a - b - 1] == '.'))
            return true;
    }
    return false;
}

// The fields of the returned header, or as many as are looked at. Borrowed strings.
static GPtrArray *some_fields(const struct report *report)
{
    GPtrArray *fields = g_ptr_array_new();
    const GPtrArray *all = report->original.fields;
    for (guint i = 0; i < all->len && i < FIELDS_MAX; i++)
        g_ptr_array_add(fields, g_ptr_array_index(all, i));
    return fields;
}

static bool is_signature(const char *field)
{
    return g_ascii_strncasecmp(field, "DKIM-Signature", 14) == 0 &&
           field[14 + strspn(field + 14, " \t")] == ':';
}

static bool verify(const struct evidence_case *evidence_case,
                   const struct dkim_signature *signature, const char *field,
                   const GPtrArray *fields, enum check *check_r, GError **err)
{
    const bool ed25519 = g_ascii_strcasecmp(signature->algorithm, "ed25519-sha256") == 0;
    const gint64 now = lookup_arrival(evidence_case);
    *check_r = CHECK_NO;
    if (!ed25519 && g_ascii_strcasecmp(signature->algorithm, "rsa-sha256") != 0)
        return mda_fail(err, MDA_ERROR_SYNTAX, "algorithm %s", signature->algorithm);
    if (signature->time > now + CLOCK_SLACK_SECONDS ||
        (signature->expires && signature->expires <= signature->time))
        return mda_fail(err, MDA_ERROR_SYNTAX, "its times cannot be");
    enum crypto_key_kind kind;
    g_autoptr(GBytes) key = NULL;
    const struct crypto_api *crypto = crypto_load(err);
    if (!crypto || !dkim_key_get(evidence_case, signature, &kind, &key, err))
        return false;
    if ((kind == CRYPTO_ED25519) != ed25519)
        return mda_fail(err, MDA_ERROR_SYNTAX, "the key is of another kind");
    guint8 hash[32];
    gsize size;
    const guint8 *bytes = g_bytes_get_data(key, &size);
    bool fits;
    guint bits;
    dkim_hash_header(signature, field, fields, hash);
    if (!crypto->verify(kind, bytes, size, hash, signature->signature, signature->signature_size,
                        &fits, &bits, err))
        return false;
    if (fits && (ed25519 || bits >= RSA_MIN_BITS))
        *check_r = signature->expires && signature->expires < now ? CHECK_EXPIRED : CHECK_YES;
    return true;
}

// The addresses are read from exactly the fields that were hashed (RFC 6376 §8.15).
static bool stands_in_signed(const GPtrArray *signed_fields, const GPtrArray *failed)
{
    g_autoptr(GPtrArray) signed_to = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < signed_fields->len; i++) {
        const char *field = g_ptr_array_index(signed_fields, i);
        if (dkim_is_called(field, "To") || dkim_is_called(field, "Cc"))
            address_scan(strchr(field, ':') + 1, ADDRESSES_MAX, signed_to);
    }
    for (guint i = 0; i < failed->len; i++) {
        if (g_ptr_array_find_with_equal_func(signed_to, g_ptr_array_index(failed, i), g_str_equal,
                                             NULL))
            return true;
    }
    return false;
}

// Did we send this very mail to a failed recipient, or, where its recipients are not known, ever
// write to him?
static bool is_recorded(const struct evidence_case *evidence_case, const GPtrArray *failed)
{
    struct ledger *ledger;
    struct lookup lookup;
    if (!evidence_ledger_open(evidence_case, &ledger, NULL) ||
        !lookup_original(evidence_case, ledger, &lookup, NULL))
        return false;
    if (lookup.found && lookup.record.recipients > 0)
        return lookup.fit == FIT_FAILED;
    for (guint i = 0; i < failed->len; i++) {
        bool yes = false;
        gint64 when;
        if (ledger_wrote_to(ledger, g_ptr_array_index(failed, i), &yes, &when, NULL) && yes)
            return true;
    }
    return false;
}

static bool body_is_whole(const struct dkim_signature *signature, const struct report *report)
{
    if (!report->original.body)
        return false;
    gsize size;
    const char *body = g_bytes_get_data(report->original.body, &size);
    return dkim_body_fits(signature, body, size);
}

static void judge_verified(const struct evidence_case *evidence_case,
                           const struct dkim_signature *signature, const char *field,
                           const GPtrArray *fields, enum check check, struct finding *finding)
{
    const struct report *report = evidence_case->report;
    g_autoptr(GPtrArray) failed = lookup_failed(evidence_case);
    g_autoptr(GPtrArray) signed_fields = dkim_signed_fields(signature, field, fields);
    const char *twin;
    const char *failed_one = failed->len > 0 ? g_ptr_array_index(failed, 0) : "nobody named";
    const char *domain = signature->domain;
    if (check == CHECK_EXPIRED)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "an expired signature of %s verifies", domain);
    else if (dkim_has_unsigned_twin(signature, fields, &twin))
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "the signature of %s verifies, but there is a %s that it does not cover",
                    domain, twin);
    else if (stands_in_signed(signed_fields, failed))
        finding_set(finding, SAYS_OURS, WEIGHT_PROOF,
                    "the signature of %s verifies, and the failed recipient stands in it", domain);
    else if (is_recorded(evidence_case, failed))
        finding_set(finding, SAYS_OURS, WEIGHT_PROOF,
                    "the signature of %s verifies, and we wrote to %s", domain, failed_one);
    else if (body_is_whole(signature, report))
        finding_set(finding, SAYS_OURS, WEIGHT_STRONG,
                    "the signature of %s verifies with the body; it fails at %s", domain,
                    failed_one);
    else
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "the signature of %s verifies, but %s stands nowhere in it", domain,
                    failed_one);
}

static void judge_absent(const struct evidence_case *evidence_case, char **domains,
                         struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    const char *from_domain = text_domain_of(original->from);
    if (!conf_bool(evidence_case->conf, CONF_DKIM_SIGNS_ALL))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no signature of %s came back", domains[0]);
    else if (!original->full || original->received->len == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the header did not come back whole");
    else if (!from_domain || !is_of_ours(from_domain, domains))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the original's From is not of ours");
    else if (relays_report(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "our own host reports");
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG,
                    "we sign all our mail, and no signature of %s came back", domains[0]);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    g_auto(GStrv) domains = identity_domains(evidence_case);
    g_autoptr(GPtrArray) fields = some_fields(evidence_case->report);
    g_autofree char *why = NULL;
    guint tried = 0;
    if (fields->len == 0 || !domains[0]) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no header came back");
        return;
    }
    for (guint i = 0; i < fields->len && tried < SIGNATURES_MAX; i++) {
        const char *field = g_ptr_array_index(fields, i);
        g_autoptr(DkimSignature) signature =
            is_signature(field) ? dkim_signature_read(field) : NULL;
        if (!signature || !is_of_ours(signature->domain, domains))
            continue;
        tried++;
        enum check check;
        g_autoptr(GError) err = NULL;
        if (verify(evidence_case, signature, field, fields, &check, &err) && check != CHECK_NO) {
            judge_verified(evidence_case, signature, field, fields, check, finding);
            return;
        }
        g_free(why);
        why = g_strdup(err ? err->message : "it was changed on the way, or is not ours");
    }
    if (tried == 0)
        judge_absent(evidence_case, domains, finding);
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "a signature of ours does not verify: %s",
                    why);
}

const struct evidence_source evidence_dkim = {.name = "dkim", .look = look};
