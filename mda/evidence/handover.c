// SPDX-License-Identifier: MIT
// Design rationale
// - A client with a private address, or of the same organisation as the host that wrote the line,
//   is an internal hop of the receiving side: content filters, mailbox servers.
// - A mail server announces itself by the name that it writes behind "by". When a line says that
//   our relay handed the mail to X, and the line above says that a client calling itself Y brought
//   it, X and Y are one host or at least of one organisation, or of a provider that is known to
//   take mail under one name and send it under another. Names that mean nothing outside (no dot,
//   .local …) prove nothing either way.
// - That a line does not lead there is no proof that it was made up: nobody knows all providers. It
//   is when a machine on an end user's line brought the mail: smarthosts do not stand there.
//   One whose address has no name may say so itself: "HELO dyn-7.isp.example".
// - Who greets by the name of a known provider and has an address that resolves to another's name
//   is not of that provider.
// - A forwarder is a host that we sent to on purpose: it is of the domain of a recipient.
#include "evidence/handover.h"

#include "base/address.h"
#include "base/text.h"
#include "evidence/providers.h"

#include <string.h>

// A real trail is shorter; what stands below that is not looked at.
#define HOPS_MAX 30
#define RELATED_MAX 50

bool hop_is_submission(const struct received_hop *hop)
{
    static const char *const words[] = {
        "with ESMTPA", "with ESMTPSA",   "with SMTPSA",     "with ASMTP",
        "with LMTPSA", "with UTF8SMTPA", "with UTF8SMTPSA", "authenticated",
        "(AUTH: ",     "auth=yes",       "with mapi",       "with HTTP",
        "with local",  "(from userid",   "invoked by uid",  "(uid "};
    if (!hop->raw)
        return false;
    // Sendmail: "(from user@host) by host". A client's host stands there outside a comment.
    if (g_str_has_prefix(hop->raw + strspn(hop->raw, " \t"), "(from "))
        return true;
    g_autofree char *raw = g_ascii_strdown(hop->raw, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *word = g_ascii_strdown(words[i], -1);
        if (strstr(raw, word))
            return true;
    }
    return false;
}

char *hop_client(const struct received_hop *hop)
{
    const char *name = hop->name && strcmp(hop->name, "unknown") != 0 ? hop->name : hop->from;
    if (name && hop->address && strcmp(name, hop->address) != 0)
        return g_strdup_printf("%s [%s]", name, hop->address);
    return g_strdup(name ? name : hop->address ? hop->address : "an unnamed host");
}

// Some programs name the user who handed the mail in behind "from": "from root (uid 0) by …".
static bool has_client(const struct received_hop *hop)
{
    if (!hop->address && !hop->name && hop->from && !strchr(hop->from, '.') &&
        hop_is_submission(hop))
        return false;
    return hop->from || hop->name || hop->address;
}

// A host name that says to which organisation the host belongs.
static bool is_public_name(const char *name)
{
    static const char *const tails[] = {".local", ".lan",      ".internal", ".localdomain",
                                        ".home",  ".intranet", ".corp",     ".localhost"};
    struct ip_address address;
    if (!name || !strchr(name, '.') || ip_parse(name, &address))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(tails); i++) {
        if (g_str_has_suffix(name, tails[i]))
            return false;
    }
    return true;
}

bool hop_names_host(const struct received_hop *hop)
{
    struct ip_address address;
    const char *const names[] = {hop->by, hop->name, hop->from, hop->address};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (is_public_name(names[i]) || (ip_parse(names[i], &address) && !ip_is_private(&address)))
            return true;
    }
    return false;
}

// A private address alone is not enough: behind address translation every client has one.
static bool is_internal(const struct providers *providers, const struct received_hop *hop)
{
    struct ip_address address;
    const bool named = hop->name && g_ascii_strcasecmp(hop->name, "unknown") != 0;
    const char *name = named ? hop->name : hop->from;
    if (ip_parse(hop->address, &address) && ip_is_private(&address))
        return !is_public_name(name) || providers_related(providers, name, hop->by);
    return providers_related(providers, hop->name, hop->by);
}

static void add_domains(GPtrArray *domains, const char *text)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    address_scan(text, RELATED_MAX, addresses);
    for (guint i = 0; i < addresses->len; i++)
        g_ptr_array_add(domains, g_strdup(text_domain_of(g_ptr_array_index(addresses, i))));
}

// Is HOST of the domain of someone to whom the original was addressed, or of the reporting host?
static bool is_of_recipient(const struct report *report, const char *host)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    add_domains(domains, report->original.to);
    add_domains(domains, report->original.cc);
    for (guint i = 0; i < report->recipients->len && i < RELATED_MAX; i++) {
        const struct report_recipient *recipient = g_ptr_array_index(report->recipients, i);
        add_domains(domains, recipient->original);
        add_domains(domains, recipient->final);
    }
    if (report->reporting_mta)
        g_ptr_array_add(domains, g_strdup(report->reporting_mta));
    for (guint i = 0; i < domains->len; i++) {
        if (domain_related(g_ptr_array_index(domains, i), host))
            return true;
    }
    return false;
}

bool host_is_end_user(const char *name)
{
    static const char *const lines[] = {"dyn",         "dynamic",   "dynip",     "dsl",  "adsl",
                                        "vdsl",        "xdsl",      "sdsl",      "dhcp", "dial",
                                        "dialup",      "ppp",       "pppoe",     "pool", "cable",
                                        "cust",        "customer",  "customers", "home", "res",
                                        "residential", "broadband", "mobile",    "user", "users"};
    static const char *const servers[] = {"mail",  "smtp", "mx",   "mta",    "out",
                                          "relay", "send", "mout", "mailer", "outbound"};
    if (!name || !strchr(name, '.'))
        return false;
    g_autofree char *folded = g_ascii_strdown(name, -1);
    g_auto(GStrv) words = g_strsplit_set(folded, ".-_0123456789", -1);
    bool line = false;
    for (char **word = words; *word; word++) {
        for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
            if (g_str_equal(*word, servers[i]))
                return false;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
            line |= g_str_equal(*word, lines[i]);
    }
    return line;
}

static bool is_known_name(const char *name)
{
    return name && *name && g_ascii_strcasecmp(name, "unknown") != 0;
}

// May the client of BEARER be the host BY, as far as their names tell?
static bool leads_to(const struct providers *providers, const char *by,
                     const struct received_hop *bearer)
{
    const bool looked_up = is_known_name(bearer->name);
    if (domain_related(by, bearer->from))
        return !looked_up || !providers_of(providers, by) ||
               providers_related(providers, by, bearer->name);
    if (looked_up)
        return !host_is_end_user(bearer->name) && providers_related(providers, by, bearer->name);
    return providers_related(providers, by, bearer->from);
}

// HOP is ours; BEARER is the line of the host that then brought the mail to the reporting side.
static enum handover_kind kind_of(const struct report *report, const struct providers *providers,
                                  const struct received_hop *hop, const struct received_hop *bearer)
{
    if (!bearer)
        return HANDOVER_DIRECT;
    if (is_of_recipient(report, hop->by) || is_of_recipient(report, bearer->name))
        return HANDOVER_FORWARDED;
    const bool named = is_public_name(bearer->from) || is_public_name(bearer->name);
    if (!is_public_name(hop->by) || !named || leads_to(providers, hop->by, bearer))
        return HANDOVER_DISTANT;
    const bool end_user =
        host_is_end_user(is_known_name(bearer->name) ? bearer->name : bearer->from);
    return end_user ? HANDOVER_MADE_UP : HANDOVER_BROKEN;
}

struct handover handover_find(const struct evidence_case *evidence_case, hop_test test,
                              gpointer data)
{
    const struct report *report = evidence_case->report;
    g_autoptr(Providers) providers = providers_load(evidence_case->conf, NULL);
    struct handover handover = {HANDOVER_NONE, NULL, NULL, 0};
    const GPtrArray *trail = report->original.received;
    const struct received_hop *bearer = NULL; // the last host from outside, going down
    for (guint i = 0; i < trail->len && i < HOPS_MAX; i++) {
        const struct received_hop *hop = g_ptr_array_index(trail, i);
        if (!has_client(hop) && !hop->by)
            continue;
        if (test(hop, data)) {
            handover.kind = kind_of(report, providers, hop, bearer);
            handover.hop = hop;
            handover.index = i;
            break;
        }
        if (!has_client(hop) || is_internal(providers, hop))
            continue;
        bearer = hop;
        if (!handover.newest)
            handover.newest = hop;
    }
    return handover;
}

static bool no_hop(const struct received_hop *hop, gpointer data)
{
    (void)hop, (void)data;
    return false;
}

char *handover_origin(const struct evidence_case *evidence_case)
{
    const struct handover handover = handover_find(evidence_case, no_hop, NULL);
    struct ip_address address;
    if (!handover.newest || !ip_parse(handover.newest->address, &address))
        return g_strdup("");
    // IPv4 /24, IPv6 /64
    memset(address.bytes + (ip_is_v4(&address) ? 15 : 8), 0, ip_is_v4(&address) ? 1 : 8);
    return ip_text(&address);
}
