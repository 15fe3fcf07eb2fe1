// SPDX-License-Identifier: MIT
// Design rationale
// - Whom a mail was sent to in which minute, and which Date and Subject it bore, nobody knows but
//   those who got it; who makes up a sender hits them by a rare chance. So a match keeps a missing
//   Message-ID from being held against a report, and where the one that came back bears the name of
//   who relayed the mail, no other source condemns it alone. Both together are as good as an id that
//   is known.
// - A reply by program says nothing of the Date; it comes within minutes of what it answers.
#include "evidence/replaced.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/case-lookup.h"
#include "evidence/handover.h"
#include "evidence/providers.h"

#include "message/date.h"
#include <string.h>

// Clocks differ, and mail is written before it is sent.
#define NEAR_SECONDS (10 * 60)
// How long a program may take to reply, its queue included.
#define REPLY_SECONDS (15 * 60)
#define ADDRESSES_MAX 10
#define ID_SHOWN_BYTES 90

// The time around which the original was sent: *FROM_R to *UNTIL_R. False when it is not known.
static bool find_span(const struct evidence_case *evidence_case, gint64 *from_r, gint64 *until_r)
{
    gint64 date = lookup_date(evidence_case->report);
    gint64 before = NEAR_SECONDS;
    if (date == 0) {
        g_autofree char *own = message_header(evidence_case->message, "Date", 0);
        before = REPLY_SECONDS;
        if (!date_parse(own, &date) || date <= 0)
            return false;
    }
    *from_r = date - before;
    *until_r = date + NEAR_SECONDS;
    return true;
}

// A recipient to whom something was sent in those minutes, or NULL. Owned by the caller.
static bool find_near(const struct evidence_case *evidence_case, struct ledger *ledger,
                      char **address_r, GError **err)
{
    gint64 from, until;
    *address_r = NULL;
    if (!find_span(evidence_case, &from, &until))
        return true;
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GPtrArray) addresses = lookup_failed(evidence_case);
    address_scan(original->to, ADDRESSES_MAX, addresses);
    address_scan(original->cc, ADDRESSES_MAX, addresses);
    for (guint i = 0; i < addresses->len && i < ADDRESSES_MAX && !*address_r; i++) {
        bool near;
        const char *address = g_ptr_array_index(addresses, i);
        if (!ledger_sent_near(ledger, address, from, until, &near, err))
            return false;
        if (near)
            *address_r = g_strdup(address);
    }
    return true;
}

bool replaced_find(const struct evidence_case *evidence_case, struct ledger *ledger,
                   enum replaced *replaced_r, char **what_r, GError **err)
{
    const struct original *original = &evidence_case->report->original;
    g_autofree char *address = NULL;
    bool alike;
    if (!ledger_sent_alike(ledger, lookup_date(evidence_case->report), original->subject, &alike,
                           err) ||
        !find_near(evidence_case, ledger, &address, err))
        return false;
    *replaced_r = alike && address ? REPLACED_SURELY
                  : alike          ? REPLACED_ALIKE
                  : address        ? REPLACED_NEAR
                                   : REPLACED_UNKNOWN;
    if (address)
        *what_r = g_strdup_printf("a mail to %s%s was sent within minutes of it", address,
                                  alike ? " of that Date and Subject" : "");
    else if (alike)
        *what_r = g_strdup("a mail of that Date and Subject was sent");
    return true;
}

// Does the Message-ID bear the name of the host, no end user's, that handed the original over, or
// of its provider? The newest line says who did, written by the side that took it.
static bool is_a_relays(const struct evidence_case *evidence_case, const char *id)
{
    const GPtrArray *trail = evidence_case->report->original.received;
    const struct received_hop *newest = trail->len > 0 ? g_ptr_array_index(trail, 0) : NULL;
    const char *host = !newest ? NULL : newest->name ? newest->name : newest->from;
    g_autofree char *domain = g_strdup(text_domain_of(id));
    if (!domain || !host || host_is_end_user(host))
        return false;
    domain[strcspn(domain, ">")] = '\0';
    g_autoptr(Providers) providers = providers_load(evidence_case->conf, NULL);
    return providers_related(providers, domain, host);
}

void replaced_judge(const struct evidence_case *evidence_case, enum replaced replaced,
                    const char *what, const char *id, const char *where, struct finding *finding)
{
    const enum weight weight = replaced == REPLACED_SURELY      ? WEIGHT_STRONG
                               : is_a_relays(evidence_case, id) ? WEIGHT_LIKELY
                                                                : WEIGHT_HINT;
    g_autofree char *shown = text_printable(id, -1, ID_SHOWN_BYTES);
    finding_set(finding, SAYS_OURS, weight, "%s is not in %s, but %s: was its Message-ID replaced?",
                shown, where, what);
    finding->sign = SIGN_ID_REPLACED;
}
