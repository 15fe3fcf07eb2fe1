// SPDX-License-Identifier: MIT
// Do the Received lines of the returned original begin at our relays?
//
// Design rationale
// - An address in our networks, or a name that the receiving host has looked up, is believed. What
//   the client called itself is a hint: spam software likes to greet with the name of its victim's
//   server.
// - A line that our own relay wrote counts when its client had logged in or is local. Else the mail
//   came to us from outside, and we may have passed on what a stranger sent.
// - A stranger's letter with one of us as its envelope sender is redirected by us, if a host that
//   is surely ours handed it over: likely, whoever recorded it or not.
// - Where no host took the mail from another, it was made on the host that reports: not held
//   against a host of our domain that nobody listed.
// - Where none are set, the posts of the user's own that came back show his provider's hosts: what
//   follows from these is likely at best.
// - Silence when no relay is known, when the trail names no host that others could know, and when
//   it did not come back whole.
#include "base/address.h"
#include "base/text.h"
#include "evidence/evidence.h"
#include "evidence/handover.h"
#include "evidence/identity.h"
#include "evidence/relays.h"

#include <string.h>

// So many posts, all by the same hosts, make it likely that the next leaves there, too: the rule of
// three says 80 of 100.
#define LEARNT_POSTS_MIN 15

struct trail_search {
    const struct relays *relays;
    bool submitted; // the line that fits was written by our relay, for a client of its own
    bool outside;   // a line of our relay, for a client from outside
    bool claimed;   // our relay's name is given, and nothing confirms or refutes it
};

static bool is_known_name(const char *name)
{
    return name && *name && g_ascii_strcasecmp(name, "unknown") != 0;
}

// Sendmail's words for a name that does not lead back to the address.
static bool is_unconfirmed(const struct received_hop *hop)
{
    return hop->raw && strstr(hop->raw, "may be forged");
}

// *CLAIMED_R is set to whether the client's own word, or its own name server's, is all there is.
static bool client_is_ours(const struct relays *relays, const struct received_hop *hop,
                           bool *claimed_r)
{
    *claimed_r = false;
    struct ip_address address;
    const bool has_address = ip_parse(hop->address, &address);
    if (has_address && relays_hold_address(relays, &address))
        return true;
    if (is_known_name(hop->name) && relays_hold_name(relays, hop->name)) {
        *claimed_r = is_unconfirmed(hop);
        return true;
    }
    if (has_address && hop->name && relays->networks->len > 0)
        return false;
    *claimed_r = has_address;
    return hop->from && relays_hold_name(relays, hop->from);
}

static bool client_is_local(const struct received_hop *hop)
{
    struct ip_address address;
    if (ip_parse(hop->address, &address))
        return ip_is_private(&address);
    return !hop->from || !strchr(hop->from, '.') || strchr(hop->from, '@');
}

static bool writer_is_ours(const struct relays *relays, const struct received_hop *hop)
{
    struct ip_address address;
    return hop->by && (relays_hold_name(relays, hop->by) ||
                       (ip_parse(hop->by, &address) && relays_hold_address(relays, &address)));
}

static bool is_ours(const struct received_hop *hop, gpointer data)
{
    struct trail_search *search = data;
    if (client_is_ours(search->relays, hop, &search->claimed))
        return true;
    search->claimed = false;
    if (!writer_is_ours(search->relays, hop))
        return false;
    search->submitted = hop_is_submission(hop) || client_is_local(hop);
    search->outside = !search->submitted;
    return true;
}

// Did our relay, at the line INDEX, get the mail from a stranger?
static bool came_from_outside(const struct trail_search *search, const GPtrArray *trail,
                              guint index)
{
    for (guint i = index + 1; i < trail->len; i++) {
        const struct received_hop *hop = g_ptr_array_index(trail, i);
        if (hop_is_submission(hop) || client_is_local(hop))
            return false;
        bool claimed;
        if (!client_is_ours(search->relays, hop, &claimed))
            return hop->address != NULL;
    }
    return false;
}

// A letter of a stranger's that came to our relay and went on with one of us as envelope sender.
static bool is_redirected(const struct evidence_case *evidence_case)
{
    const struct original *original = &evidence_case->report->original;
    g_autoptr(GPtrArray) authors = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) senders = g_ptr_array_new_with_free_func(g_free);
    address_scan(original->from, 1, authors);
    address_scan(original->return_path, 1, senders);
    // Without a Return-Path the report itself shows the envelope sender: it came here.
    return authors->len > 0 && !identity_is_ours(evidence_case, g_ptr_array_index(authors, 0)) &&
           (senders->len == 0 || identity_is_ours(evidence_case, g_ptr_array_index(senders, 0)));
}

static void judge_passed_on(const struct evidence_case *evidence_case,
                            const struct trail_search *search, const struct handover *handover,
                            const char *client, struct finding *finding)
{
    const bool handed_over = !search->outside && (handover->kind == HANDOVER_DIRECT ||
                                                  handover->kind == HANDOVER_FORWARDED);
    if (handed_over && is_redirected(evidence_case))
        finding_set(finding, SAYS_OURS, WEIGHT_LIKELY,
                    "a stranger's letter that our relay %s sent on in our name", client);
    else
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "went through our relay %s from outside",
                    client);
}

static void judge_ours(const struct evidence_case *evidence_case, const struct trail_search *search,
                       const struct handover *handover, struct finding *finding)
{
    const struct report *report = evidence_case->report;
    const struct received_hop *hop = handover->hop;
    g_autofree char *client =
        search->submitted || search->outside ? g_strdup(hop->by) : hop_client(hop);
    g_autofree char *newest = handover->newest ? hop_client(handover->newest) : NULL;
    if (handover->kind == HANDOVER_MADE_UP)
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG,
                    "%s, an end user's line, brought it; the line that names %s is made up", newest,
                    client);
    else if (handover->kind == HANDOVER_BROKEN)
        finding_set(finding, SAYS_SUSPECT, WEIGHT_NONE,
                    "%s brought it; the line that names %s does not lead there", newest, client);
    else if (search->claimed)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "%s bears the name of our relay, unconfirmed; identity.networks would tell",
                    client);
    else if (search->outside ||
             came_from_outside(search, report->original.received, handover->index))
        judge_passed_on(evidence_case, search, handover, client, finding);
    else if (handover->kind == HANDOVER_DISTANT)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT,
                    "our relay %s stands behind %s, which is not the recipient's", client, newest);
    else
        finding_set(finding, SAYS_OURS, WEIGHT_STRONG, "begins at our relay %s", client);
}

static bool names_any_host(const GPtrArray *trail)
{
    for (guint i = 0; i < trail->len; i++) {
        if (hop_names_host(g_ptr_array_index(trail, i)))
            return true;
    }
    return false;
}

// Is the host that reports one of ours that nobody listed? HOP is the line of the reporting side
// that tells where it got the mail, and HANDED_OVER whether that was another host. Beside a listed
// host there may be one on which a program of ours makes mail. Networks alone tell no names.
static bool judge_own_host(const struct evidence_case *evidence_case, const struct relays *relays,
                           const struct received_hop *hop, bool handed_over,
                           struct finding *finding)
{
    const bool submission = hop_is_submission(hop);
    const bool ours = relays->names->len > 0
                          ? submission && !handed_over && relays_have_sibling(relays, hop->by)
                          : identity_names_host(evidence_case, hop->by);
    if (ours && submission)
        finding_set(finding, SAYS_OURS, WEIGHT_HINT, "handed in at %s, a host of our domain",
                    hop->by);
    else if (ours)
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE,
                    "%s, a host of our domain, reports; identity.relays would tell", hop->by);
    return ours;
}

// Is the client of HOP, by a name that the receiving host has looked up, an unlisted host of our
// domain beside the listed ones?
static bool is_unlisted_client(const struct evidence_case *evidence_case,
                               const struct relays *relays, const struct received_hop *hop)
{
    return is_known_name(hop->name) && !is_unconfirmed(hop) &&
           identity_names_host(evidence_case, hop->name) &&
           (relays->names->len == 0 || relays_have_sibling(relays, hop->name));
}

static void judge_none(const struct evidence_case *evidence_case, const struct relays *relays,
                       const struct handover *handover, struct finding *finding)
{
    const struct original *original = &evidence_case->report->original;
    const GPtrArray *trail = original->received;
    const struct received_hop *oldest = g_ptr_array_index(trail, trail->len - 1);
    if (!handover->newest && !names_any_host(trail)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the trail names no host");
        return;
    }
    if (judge_own_host(evidence_case, relays, handover->newest ? handover->newest : oldest,
                       handover->newest != NULL, finding))
        return;
    g_autofree char *client = handover->newest ? hop_client(handover->newest)
                              : oldest->by     ? g_strdup(oldest->by)
                                               : hop_client(oldest);
    if (handover->newest && is_unlisted_client(evidence_case, relays, handover->newest))
        finding_set(finding, SAYS_OURS, WEIGHT_LIKELY, "%s is a host of our domain, but not listed",
                    client);
    else if (original->full)
        finding_set(finding, SAYS_FORGED, WEIGHT_STRONG, "%s is none of our relays", client);
    else
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT,
                    "%s is none of our relays, but the header did not come back whole", client);
}

// What the user's posts showed is no setting: he may send in other ways, too.
static void weaken_learnt(const struct relays *relays, struct finding *finding)
{
    if (finding->weight <= WEIGHT_HINT)
        return;
    g_autofree char *because = g_strdup(finding->because);
    const bool enough = relays->steady && relays->posts >= LEARNT_POSTS_MIN;
    finding_set(finding, finding->says,
                enough || finding->says == SAYS_OURS ? WEIGHT_LIKELY : WEIGHT_HINT,
                "%s, as %u posts that came back show", because, relays->posts);
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    if (evidence_case->report->original.received->len == 0) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "no Received line came back");
        return;
    }
    g_autoptr(Relays) set = relays_new(evidence_case);
    g_autoptr(Relays) learnt = relays_empty(set) ? relays_learnt(evidence_case) : NULL;
    const struct relays *relays = learnt ? learnt : set;
    if (relays_empty(relays)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "identity.relays and networks are not set");
        return;
    }
    struct trail_search search = {.relays = relays};
    const struct handover handover = handover_find(evidence_case, is_ours, &search);
    if (handover.hop)
        judge_ours(evidence_case, &search, &handover, finding);
    else
        judge_none(evidence_case, relays, &handover, finding);
    if (learnt)
        weaken_learnt(learnt, finding);
}

const struct evidence_source evidence_trail = {.name = "trail", .look = look};
