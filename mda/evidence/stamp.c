// SPDX-License-Identifier: MIT
// Did our stamp come back?
//
// Design rationale
// - The stamp covers what identifies the mail and hardly any server rewrites. White space is
//   reduced, since folding changes on the way; of From the address counts.
// - Whoever got a mail of ours can send its header again: as for a tag of the return path, it is a
//   hint when the trail and the failed recipient both are strangers.
// - Absence is held against a report only when all mail is stamped ([stamp] required), the header
//   came back whole, and the report is not by one of our own hosts.
#include "evidence/stamp.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/evidence.h"
#include "evidence/keys.h"
#include "evidence/relays.h"

#include <string.h>

#define FIELDS_MAX 1000

// TEXT without white space around it and with single blanks inside.
static void update_with(GHmac *hmac, const char *text)
{
    g_autofree char *copy = g_strdup(text);
    bool blank = false;
    for (const char *at = g_strstrip(copy); *at; at++) {
        if (g_ascii_isspace(*at)) {
            blank = true;
            continue;
        }
        if (blank)
            g_hmac_update(hmac, (const guchar *)" ", 1);
        g_hmac_update(hmac, (const guchar *)at, 1);
        blank = false;
    }
    g_hmac_update(hmac, (const guchar *)"\n", 1);
}

static char *sign(const struct secret *key, const char *from, const char *date,
                  const char *message_id)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHmac) hmac =
        g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)key->text, strlen(key->text));
    address_scan(from, 1, addresses);
    update_with(hmac, addresses->len > 0 ? g_ptr_array_index(addresses, 0) : from);
    update_with(hmac, date);
    update_with(hmac, message_id);
    return g_strdup(g_hmac_get_string(hmac));
}

char *stamp_make(const GPtrArray *keys, const char *from, const char *date, const char *message_id)
{
    if (!from || !date || !message_id)
        return NULL;
    const struct secret *key = keys_signing(keys);
    g_autofree char *hex = sign(key, from, date, message_id);
    return g_strdup_printf("1; k=%s; s=%s", key->name, hex);
}

bool stamp_verify(const GPtrArray *keys, const char *value, const char *from, const char *date,
                  const char *message_id)
{
    g_auto(GStrv) parts = g_strsplit(value, ";", 4);
    const char *name = NULL, *hex = NULL;
    for (char **part = parts; *part; part++) {
        g_strstrip(*part);
        if (g_str_has_prefix(*part, "k="))
            name = *part + 2;
        else if (g_str_has_prefix(*part, "s="))
            hex = *part + 2;
    }
    const struct secret *key = name ? keys_find(keys, name) : NULL;
    if (!key || !hex || !from || !date || !message_id)
        return false;
    g_autofree char *wanted = sign(key, from, date, message_id);
    return keys_equal(wanted, hex);
}

// The value of the first returned field called NAME, or NULL. Borrowed.
static const char *returned(const struct report *report, const char *name)
{
    const gsize length = strlen(name);
    const GPtrArray *fields = report->original.fields;
    for (guint i = 0; i < fields->len && i < FIELDS_MAX; i++) {
        const char *field = g_ptr_array_index(fields, i);
        if (g_ascii_strncasecmp(field, name, length) == 0 && field[length] == ':')
            return field + length + 1;
    }
    return NULL;
}

static void judge_absent(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    if (!conf_bool(evidence_case->conf, CONF_STAMP_REQUIRED))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no stamp came back");
    else if (!original->full || original->received->len == 0)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the header did not come back whole");
    else if (relays_report(evidence_case))
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "our own host reports");
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG,
                    "all mail of ours is stamped, and this "
                    "is not");
}

static void judge_verified(const struct evidence_case *evidence_case, struct finding *finding)
{
    if (lookup_is_copied(evidence_case))
        finding_set(
            finding, SAYS_OURS, WEIGHT_HINT,
            "our stamp verifies, but it failed elsewhere and comes from elsewhere: a copy?");
    else
        finding_set(finding, SAYS_OURS, WEIGHT_PROOF, "our stamp came back and verifies");
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const struct report *report = evidence_case->report;
    const char *path = conf_string(evidence_case->conf, CONF_STAMP_KEY_FILE);
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) keys = NULL;
    if (!*path || !keys_read(path, &keys, &err)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s",
                    err ? err->message : "stamp.key-file is not set");
        return;
    }
    const char *value = returned(report, STAMP_FIELD);
    if (!value)
        judge_absent(evidence_case, finding);
    else if (stamp_verify(keys, value, returned(report, "From"), returned(report, "Date"),
                          returned(report, "Message-ID")))
        judge_verified(evidence_case, finding);
    else
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "a stamp came back that does not verify");
}

const struct evidence_source evidence_stamp = {
    .name = "stamp", .look = look, .costs_nothing = true};
