// SPDX-License-Identifier: MIT
// Was the report sent to a return path that bears our signature?
//
// Design rationale
// - Reports go to the envelope sender, so an untagged one is forged where all of them are signed
//   ([batv] required). Replies and receipts go to what the header says, where no tag is: they are
//   not held to it, and neither is anything that does not come from the null sender.
// - A tag says that somebody got a mail of ours. That he sent this one is likely when the trail and
//   the failed recipient both are strangers: then it is a hint.
// - Our own host may report on mail that it had not signed yet.
// - A tag that verifies and has expired says nothing: a server may have kept the mail that long.
// - Variants are read: hexadecimal in any case, "/" for "=", user and tag the other way round.
#include "evidence/batv.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"
#include "evidence/identity.h"
#include "evidence/keys.h"
#include "evidence/relays.h"

#include <stdio.h>
#include <string.h>

#define TAG_LENGTH 10
#define SECONDS_A_DAY 86400
#define DAY_CYCLE 1000

// The tag for ADDRESS by KEY (one digit) expiring on DAY.
static void make_tag(const struct secret *key, char digit, guint day, const char *address,
                     char tag_r[TAG_LENGTH + 1])
{
    char front[8];
    g_snprintf(front, sizeof front, "%c%03u", digit, day % DAY_CYCLE);
    g_autoptr(GHmac) hmac =
        g_hmac_new(G_CHECKSUM_SHA1, (const guchar *)key->text, strlen(key->text));
    g_hmac_update(hmac, (const guchar *)front, -1);
    g_hmac_update(hmac, (const guchar *)address, -1);
    g_snprintf(tag_r, TAG_LENGTH + 1, "%s%.6s", front, g_hmac_get_string(hmac));
}

static bool is_tag(const char *text, gsize length)
{
    if (length != TAG_LENGTH)
        return false;
    for (gsize i = 0; i < length; i++) {
        if (i < 4 ? !g_ascii_isdigit(text[i]) : !g_ascii_isxdigit(text[i]))
            return false;
    }
    return true;
}

// Takes ADDRESS apart. False when it has no tag.
static bool split(const char *address, char **tag_r, char **bare_r)
{
    const char *at = strrchr(address, '@');
    if (!at || g_ascii_strncasecmp(address, "prvs=", 5) != 0)
        return false;
    const char *local = address + 5;
    for (const char *middle = local; (middle = strpbrk(middle, "=/")) && middle < at; middle++) {
        const gsize left = (gsize)(middle - local), right = (gsize)(at - middle - 1);
        if (is_tag(local, left)) {
            *tag_r = g_ascii_strdown(local, (gssize)left);
            *bare_r = g_strdup(middle + 1);
            return true;
        }
        if (is_tag(middle + 1, right)) {
            *tag_r = g_ascii_strdown(middle + 1, (gssize)right);
            *bare_r = g_strdup_printf("%.*s%s", (int)left, local, at);
            return true;
        }
    }
    return false;
}

static bool key_fits(const struct secret *key, const char *tag, const char *bare)
{
    char expected[TAG_LENGTH + 1];
    const guint day = (guint)g_ascii_strtoull((char[]){tag[1], tag[2], tag[3], '\0'}, NULL, 10);
    g_autofree char *folded = g_ascii_strdown(bare, -1);
    make_tag(key, tag[0], day, bare, expected);
    if (keys_equal(expected, tag))
        return true;
    make_tag(key, tag[0], day, folded, expected);
    return keys_equal(expected, tag);
}

enum batv_result batv_verify(const GPtrArray *keys, const char *address, gint64 now, guint days)
{
    g_autofree char *tag = NULL, *bare = NULL;
    if (!split(address, &tag, &bare)) {
        // "prvs=" with something else behind it was written by nobody here.
        return g_ascii_strncasecmp(address, "prvs=", 5) == 0 ? BATV_INVALID : BATV_UNTAGGED;
    }
    const char name[] = {tag[0], '\0'};
    const struct secret *key = keys_find(keys, name);
    if (!key || !key_fits(key, tag, bare))
        return BATV_INVALID;
    const guint day = (guint)g_ascii_strtoull((char[]){tag[1], tag[2], tag[3], '\0'}, NULL, 10);
    const guint today = (guint)(now / SECONDS_A_DAY % DAY_CYCLE);
    return (day + DAY_CYCLE - today) % DAY_CYCLE <= days ? BATV_VALID : BATV_EXPIRED;
}

char *batv_sign(const GPtrArray *keys, const char *address, gint64 now, guint days)
{
    const char *at = strrchr(address, '@');
    if (!at || at == address || g_ascii_strncasecmp(address, "prvs=", 5) == 0)
        return g_strdup(address);
    const struct secret *key = keys_signing(keys);
    char tag[TAG_LENGTH + 1];
    make_tag(key, g_ascii_isdigit(key->name[0]) ? key->name[0] : '0',
             (guint)((now / SECONDS_A_DAY + days) % DAY_CYCLE), address, tag);
    return g_strdup_printf("prvs=%s=%s", tag, address);
}

bool batv_is_signed(const struct conf *conf, const char *address)
{
    g_autofree char *bare = address_untagged(address);
    const char *const *exempt = conf_list(conf, CONF_BATV_EXEMPT);
    for (; bare && *exempt; exempt++) {
        if (text_glob(*exempt, bare))
            return false;
    }
    const char *const *domains = conf_list(conf, CONF_IDENTITY_DOMAINS);
    return bare && (!domains[0] || domain_among(text_domain_of(bare), domains));
}

static bool is_report(const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    if (report->class != BOUNCE_DSN_FAILURE && report->class != BOUNCE_DSN_DELAY &&
        report->class != BOUNCE_DSN_SUCCESS)
        return false;
    if (evidence_case->envelope->sender)
        return *evidence_case->envelope->sender == '\0';
    g_autofree char *path = message_header(evidence_case->message, "Return-Path", 0);
    return path && strcmp(path, "<>") == 0;
}

// Every address at which the report may have arrived: a tag is often taken off on the way.
static GPtrArray *arrived_at(const struct evidence_case *evidence_case)
{
    static const char *const names[] = {"X-Original-To", "Envelope-To", "Delivered-To", "To"};
    GPtrArray *addresses = identity_addressees(evidence_case);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *value = message_header(evidence_case->message, names[i], 0);
        address_scan(value, 20, addresses);
    }
    return addresses;
}

static void judge_untagged(const struct evidence_case *evidence_case, const GPtrArray *addresses,
                           struct finding *finding)
{
    const char *address = addresses->len > 0 ? g_ptr_array_index(addresses, 0) : NULL;
    if (!address || !conf_bool(evidence_case->conf, CONF_BATV_REQUIRED))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the address bears no tag");
    else if (!batv_is_signed(evidence_case->conf, address))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s is exempt", address);
    else if (relays_report(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "our own host reports");
    else if (!is_report(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "it does not answer the envelope sender");
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_PROOF, "%s bears no tag, and all of ours do",
                    address);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const char *path = conf_string(evidence_case->conf, CONF_BATV_KEY_FILE);
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) keys = NULL;
    if (!*path || !keys_read(path, &keys, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s",
                    err ? err->message : "batv.key-file is not set");
        return;
    }
    const gint64 now = lookup_arrival(evidence_case);
    const guint days = (guint)conf_number(evidence_case->conf, CONF_BATV_DAYS);
    g_autoptr(GPtrArray) addresses = arrived_at(evidence_case);
    enum batv_result best = BATV_UNTAGGED;
    const char *tagged = NULL;
    for (guint i = 0; i < addresses->len && best != BATV_VALID; i++) {
        const enum batv_result result =
            batv_verify(keys, g_ptr_array_index(addresses, i), now, days);
        // A tag of another account's is none of our business.
        if (result == BATV_INVALID &&
            !batv_is_signed(evidence_case->conf, g_ptr_array_index(addresses, i)))
            continue;
        if (result == BATV_UNTAGGED || (best == BATV_EXPIRED && result == BATV_INVALID))
            continue;
        best = result;
        tagged = g_ptr_array_index(addresses, i);
    }
    if (best == BATV_VALID && lookup_is_copied(evidence_case))
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "%s bears a tag of ours, which the sender may have copied", tagged);
    else if (best == BATV_VALID)
        finding_set(finding, SAYS_OURS, WEIGHT_PROOF, "%s bears a tag of ours", tagged);
    else if (best == BATV_EXPIRED)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the tag of %s has expired", tagged);
    else if (best == BATV_INVALID)
        finding_set(finding, SAYS_FORGED, WEIGHT_PROOF, "none of our keys wrote the tag of %s",
                    tagged);
    else
        judge_untagged(evidence_case, addresses, finding);
}

const struct evidence_source evidence_batv = {.name = "batv", .look = look, .costs_nothing = true};
