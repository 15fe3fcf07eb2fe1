// SPDX-License-Identifier: MIT
// Design rationale
// - A known Message-ID is no secret: whoever got the mail can copy it. With the recipient to whom
//   the mail went, and a Date that fits, it is proof; without them it is as much as the rest
//   allows.
// - A reply that answers a mail of ours was written by someone who got it, whoever he is: strong.
//   One that names ours further up in the thread may answer what another added to it: a hint.
// - A forwarded mail fails at an address that we never wrote to. What we wrote to then stands
//   somewhere else: in To or Cc, in a Received line ("for <…>"), in the text, in the return path.
#include "evidence/case-lookup.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/identity.h"
#include "evidence/replaced.h"
#include "message/date.h"
#include "message/received.h"

#include <string.h>

// Between the Date of a mail and the time at which it was recorded as sent, clocks and drafts
// allowed for.
#define DATE_SLACK_SECONDS (6 * 3600)
// The same where nothing else ties a Message-ID to the report.
#define DATE_CLOSE_SECONDS 3600
// No server keeps mail in its queue for longer.
#define QUEUE_SECONDS (30 * 24 * 3600)
// After so long the usual one has given up and said so (RFC 5321 §4.5.4.1: 4 to 5 days).
#define BOUNCE_SECONDS (5 * 24 * 3600)
// A program answers what it gets at once.
#define ANSWER_SECONDS (12 * 3600)
// People read mail weeks later, and then their program sends the receipt.
#define RECEIPT_SECONDS (30 * 24 * 3600)
#define ADDRESSES_MAX 60
#define REFERENCES_MAX 20
#define REPLACED_MAX 3
#define BODY_SCAN_BYTES (64 * 1024)
#define ID_SHOWN_BYTES 90

gint64 lookup_date(const struct report *report)
{
    gint64 seconds;
    return date_parse(report->original.date, &seconds) ? seconds : 0;
}

gint64 lookup_arrival(const struct evidence_case *evidence_case)
{
    const gint64 arrived = evidence_case->envelope ? evidence_case->envelope->arrived : 0;
    return arrived ? arrived : g_get_real_time() / G_USEC_PER_SEC;
}

bool lookup_is_covered(const struct evidence_case *evidence_case,
                       const struct ledger_extent *extent)
{
    const gint64 date = lookup_date(evidence_case->report);
    const gint64 arrived = lookup_arrival(evidence_case);
    const enum bounce_class class = evidence_case->report->class;
    const bool queued = class == BOUNCE_DSN_FAILURE || class == BOUNCE_DSN_DELAY;
    // A report on a mail that was written weeks ago answers none that waited in a queue since then,
    // and no Date tells nothing: the mail was sent some time before the report arrived.
    if (date == 0 || date > arrived + DATE_SLACK_SECONDS ||
        (queued && date < arrived - QUEUE_SECONDS))
        return ledger_extent_covers(extent,
                                    arrived - (queued                ? BOUNCE_SECONDS
                                               : class == BOUNCE_MDN ? RECEIPT_SECONDS
                                                                     : ANSWER_SECONDS),
                                    arrived);
    return ledger_extent_covers(extent, date, date);
}

static bool is_daemon(const char *address)
{
    static const char *const names[] = {"mailer-daemon@*", "postmaster@*", "double-bounce@*",
                                        "mail-daemon@*",   "maildaemon@*", "mdaemon@*"};
    for (gsize i = 0; address && i < G_N_ELEMENTS(names); i++) {
        if (text_glob(names[i], address))
            return true;
    }
    return false;
}

// Is the Message-ID made by a host of ours?
static bool is_our_id(const struct evidence_case *evidence_case)
{
    g_auto(GStrv) domains = identity_domains(evidence_case);
    g_autofree char *domain = g_strdup(text_domain_of(evidence_case->report->original.message_id));
    if (!domain)
        return true; // as far as can be told
    domain[strcspn(domain, ">")] = '\0';
    for (char **ours = domains; *ours; ours++) {
        if (domain_related(domain, **ours == '.' ? *ours + 1 : *ours))
            return true;
    }
    return false;
}

bool lookup_is_from_daemon(const struct evidence_case *evidence_case)
{
    const struct original *original = &evidence_case->report->original;
    const char *path = original->return_path;
    const bool is_null = path && (strcmp(path, "") == 0 || strcmp(path, "<>") == 0);
    const bool is_person = path && !is_null;
    return (is_null || (is_daemon(original->from) && !is_person)) && is_our_id(evidence_case);
}

bool lookup_is_reply(const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    return report->class == BOUNCE_AUTO_REPLY || report->class == BOUNCE_CHALLENGE ||
           report->class == BOUNCE_MDN;
}

GPtrArray *lookup_failed(const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < report->recipients->len; i++) {
        const struct report_recipient *recipient = g_ptr_array_index(report->recipients, i);
        address_scan(recipient->original, ADDRESSES_MAX, addresses);
        address_scan(recipient->final, ADDRESSES_MAX, addresses);
    }
    if (addresses->len == 0 && lookup_is_reply(evidence_case)) {
        g_autofree char *from = message_header(evidence_case->message, "From", 0);
        address_scan(from, ADDRESSES_MAX, addresses);
        for (guint i = addresses->len; i-- > 0;) {
            if (is_daemon(g_ptr_array_index(addresses, i)))
                g_ptr_array_remove_index(addresses, i);
        }
    }
    return addresses;
}

// "news-bounces+user=example.com@example.org" was sent to user@example.com (VERP); an SRS address
// names a host that forwards.
static void scan_return_path(const char *address, GPtrArray *addresses)
{
    const char *at = strrchr(address, '@');
    const char *equals = at ? g_strrstr_len(address, at - address, "=") : NULL;
    if (!equals)
        return;
    const char *start = equals;
    while (start > address && !strchr("+", start[-1]))
        start--;
    g_autofree char *user = g_strndup(start, (gsize)(equals - start));
    g_autofree char *domain = g_strndup(equals + 1, (gsize)(at - equals - 1));
    g_autofree char *decoded = g_strdup_printf("%s@%s", user, domain);
    address_scan(decoded, ADDRESSES_MAX, addresses);
    // "list-user=example.com@…": the same behind a dash.
    for (const char *dash = strchr(user, '-'); dash; dash = strchr(dash + 1, '-')) {
        g_autofree char *shorter = g_strdup_printf("%s@%s", dash + 1, domain);
        address_scan(shorter, ADDRESSES_MAX, addresses);
    }
}

GPtrArray *lookup_mentioned(const struct evidence_case *evidence_case)
{
    const struct report *report = evidence_case->report;
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) own = identity_addressees(evidence_case);
    for (guint i = 0; i < own->len; i++)
        scan_return_path(g_ptr_array_index(own, i), addresses);
    address_scan(report->original.to, ADDRESSES_MAX, addresses);
    address_scan(report->original.cc, ADDRESSES_MAX, addresses);
    for (guint i = 0; i < report->original.received->len; i++) {
        const struct received_hop *hop = g_ptr_array_index(report->original.received, i);
        g_autofree char *target = hop->raw ? received_target(hop->raw) : NULL;
        address_scan(target, ADDRESSES_MAX, addresses);
    }
    const struct message *message = evidence_case->message;
    g_autofree char *text =
        g_strndup(message->body, MIN(message->body_size, (gsize)BODY_SCAN_BYTES));
    address_scan(text, ADDRESSES_MAX, addresses);
    return addresses;
}

static bool find_any(struct ledger *ledger, const char *id, const GPtrArray *addresses,
                     bool *found_r, GError **err)
{
    *found_r = false;
    for (guint i = 0; i < addresses->len && !*found_r; i++) {
        if (!ledger_sent_to(ledger, id, g_ptr_array_index(addresses, i), found_r, err))
            return false;
    }
    return true;
}

static bool fit_recipients(const struct evidence_case *evidence_case, struct ledger *ledger,
                           struct lookup *lookup, GError **err)
{
    g_autoptr(GPtrArray) failed = lookup_failed(evidence_case);
    lookup->fit = FIT_UNKNOWN;
    if (lookup->record.recipients == 0 || failed->len == 0)
        return true;
    bool found;
    if (!find_any(ledger, lookup->id, failed, &found, err))
        return false;
    if (found) {
        lookup->fit = FIT_FAILED;
        return true;
    }
    g_autoptr(GPtrArray) mentioned = lookup_mentioned(evidence_case);
    if (!find_any(ledger, lookup->id, mentioned, &found, err))
        return false;
    lookup->fit = found ? FIT_MENTIONED : FIT_NONE;
    return true;
}

static bool find_id(const struct evidence_case *evidence_case, struct ledger *ledger,
                    const char *id, struct lookup *lookup, GError **err)
{
    g_autoptr(GPtrArray) own = identity_addressees(evidence_case);
    const char *sender = own->len > 0 ? g_ptr_array_index(own, 0) : NULL;
    lookup->id = id;
    return ledger_find(ledger, id, sender, &lookup->found, &lookup->record, err);
}

// Whoever replaces a Message-ID may leave the one before in a field of its own.
static bool find_replaced(const struct evidence_case *evidence_case, struct ledger *ledger,
                          struct lookup *lookup, GError **err)
{
    const char *first = lookup->id;
    const GPtrArray *ids = evidence_case->report->original.replaced_ids;
    for (guint i = 0; i < ids->len && i < REPLACED_MAX && !lookup->found; i++) {
        if (!find_id(evidence_case, ledger, g_ptr_array_index(ids, i), lookup, err))
            return false;
        lookup->replaced = lookup->found;
        if (!lookup->found && first)
            lookup->id = first; // what the explanation names
    }
    return true;
}

// When the ledger has a mail of that very Date and Subject, its time is when it was handed in.
static bool measure_gap(const struct report *report, struct ledger *ledger, struct lookup *lookup,
                        GError **err)
{
    const gint64 date = lookup_date(report);
    bool alike;
    if (!lookup->found || lookup->answered || !date || !lookup->record.time)
        return true;
    if (!ledger_sent_alike(ledger, date, report->original.subject, &alike, err))
        return false;
    lookup->date_gap = alike ? 0 : ABS(date - lookup->record.time);
    return true;
}

// Is reference I of a reply the mail that it answers (RFC 5322 §3.6.4): the one in In-Reply-To,
// which comes first, or the last one of References?
static bool is_answered(const struct evidence_case *evidence_case, guint i)
{
    return message_field(evidence_case->message, "In-Reply-To", 0)
               ? i == 0
               : i + 1 == evidence_case->report->original.references->len;
}

bool lookup_original(const struct evidence_case *evidence_case, struct ledger *ledger,
                     struct lookup *lookup_r, GError **err)
{
    const struct report *report = evidence_case->report;
    struct lookup lookup = {.date_gap = -1};
    if (report->original.message_id &&
        !find_id(evidence_case, ledger, report->original.message_id, &lookup, err))
        return false;
    if (!find_replaced(evidence_case, ledger, &lookup, err))
        return false;
    const GPtrArray *references = report->original.references;
    for (guint i = 0; !lookup.found && i < references->len && i < REFERENCES_MAX; i++) {
        const char *first = lookup.id;
        const bool answered = lookup.answered || !first;
        if (!find_id(evidence_case, ledger, g_ptr_array_index(references, i), &lookup, err))
            return false;
        lookup.answered = lookup.found || answered;
        lookup.direct = lookup.found && is_answered(evidence_case, i);
        if (!lookup.found && first)
            lookup.id = first; // what the explanation names
    }
    if (lookup.found && !fit_recipients(evidence_case, ledger, &lookup, err))
        return false;
    if (!measure_gap(report, ledger, &lookup, err))
        return false;
    *lookup_r = lookup;
    return true;
}

void lookup_judge(const struct lookup *lookup, bool complete, const char *where,
                  struct finding *finding)
{
    g_autofree char *id = text_printable(lookup->id, -1, ID_SHOWN_BYTES);
    finding->sign = lookup->replaced ? SIGN_ID_REPLACED : SIGN_NONE;
    const bool date_differs = lookup->date_gap > DATE_SLACK_SECONDS;
    if (lookup->fit == FIT_NONE && lookup->date_gap > DATE_CLOSE_SECONDS && complete)
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG,
                    "%s was sent, but to nobody whom the report names: the id is copied", id);
    else if (lookup->fit == FIT_NONE)
        finding_set(finding, SAYS_OURS, lookup->direct ? WEIGHT_STRONG : WEIGHT_HINT,
                    "%s is in %s, but not with a recipient that the report names", id, where);
    else if (date_differs)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "%s is in %s, but was sent %" G_GINT64_FORMAT " hours from the returned Date",
                    id, where, lookup->date_gap / 3600);
    else if (lookup->fit == FIT_MENTIONED)
        finding_set(finding, SAYS_OURS, lookup->direct ? WEIGHT_STRONG : WEIGHT_HINT,
                    "%s is in %s; the failed recipient is not, but one that is mentioned is", id,
                    where);
    else
        finding_set(finding, SAYS_OURS, WEIGHT_PROOF, "%s is in %s%s", id, where,
                    lookup->fit == FIT_FAILED ? ", sent to the failed recipient" : "");
}

bool lookup_said_ours(const struct evidence_case *evidence_case, enum evidence_id id)
{
    const struct finding *finding = evidence_said(evidence_case, id);
    return finding && finding->says == SAYS_OURS;
}

static bool trail_says_forged(const struct evidence_case *evidence_case)
{
    const struct finding *finding = evidence_said(evidence_case, EVIDENCE_trail);
    return finding && finding->says == SAYS_FORGED && finding->weight >= WEIGHT_STRONG;
}

enum vouch {
    VOUCH_NEITHER, // the ledger cannot tell
    VOUCH_YES,     // this mail went to the failed recipient
    VOUCH_NO,      // it did not, or another mail bears its Message-ID
};

static enum vouch vouch_for_found(const struct lookup *lookup)
{
    if (lookup->fit == FIT_MENTIONED || lookup->fit == FIT_NONE ||
        lookup->date_gap > DATE_SLACK_SECONDS)
        return VOUCH_NO;
    return lookup->fit == FIT_FAILED ? VOUCH_YES : VOUCH_NEITHER;
}

// A complete ledger lacks the Message-ID; where none came back, does it know a failed recipient?
static enum vouch vouch_for_missing(const struct evidence_case *evidence_case,
                                    struct ledger *ledger, const char *id, const GPtrArray *failed)
{
    struct ledger_extent extent;
    bool wrote = false;
    gint64 when;
    if (!conf_bool(evidence_case->conf, CONF_LEDGER_COMPLETE) ||
        !ledger_extent(ledger, &extent, NULL) || extent.messages == 0 ||
        !lookup_is_covered(evidence_case, &extent))
        return VOUCH_NEITHER;
    enum replaced replaced;
    g_autofree char *what = NULL;
    if (!replaced_find(evidence_case, ledger, &replaced, &what, NULL) ||
        replaced != REPLACED_UNKNOWN)
        return VOUCH_NEITHER;
    if (id)
        return VOUCH_NO;
    for (guint i = 0; i < failed->len && !wrote; i++) {
        if (!ledger_wrote_to(ledger, g_ptr_array_index(failed, i), &wrote, &when, NULL))
            return VOUCH_NEITHER;
    }
    return !wrote && extent.has_recipients && !extent.guessed_recipients ? VOUCH_NO : VOUCH_NEITHER;
}

static enum vouch ask_ledger(const struct evidence_case *evidence_case, const GPtrArray *failed)
{
    struct ledger *ledger;
    struct lookup lookup;
    if (!evidence_ledger_open(evidence_case, &ledger, NULL) ||
        !lookup_original(evidence_case, ledger, &lookup, NULL))
        return VOUCH_NEITHER;
    return lookup.found ? vouch_for_found(&lookup)
                        : vouch_for_missing(evidence_case, ledger, lookup.id, failed);
}

static bool is_addressed(const struct original *original, const GPtrArray *failed)
{
    g_autoptr(GPtrArray) addressees = g_ptr_array_new_with_free_func(g_free);
    address_scan(original->to, ADDRESSES_MAX, addressees);
    address_scan(original->cc, ADDRESSES_MAX, addressees);
    for (guint i = 0; i < failed->len; i++) {
        if (g_ptr_array_find_with_equal_func(addressees, g_ptr_array_index(failed, i), g_str_equal,
                                             NULL))
            return true;
    }
    return false;
}

bool lookup_is_copied(const struct evidence_case *evidence_case)
{
    g_autoptr(GPtrArray) failed = lookup_failed(evidence_case);
    if (failed->len == 0 || !trail_says_forged(evidence_case))
        return false;
    const enum vouch vouch = ask_ledger(evidence_case, failed);
    return vouch == VOUCH_NO ||
           (vouch == VOUCH_NEITHER && !is_addressed(&evidence_case->report->original, failed));
}
