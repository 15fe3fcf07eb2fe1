// SPDX-License-Identifier: MIT
// Is the host that sent the report on a list of hosts that send backscatter? Off until a zone is
// named, and never more than a hint: such hosts send genuine reports too.
#include "base/address.h"
#include "base/dns.h"
#include "evidence/evidence.h"

#include <string.h>

#define ZONES_MAX 5
#define HEX_NIBBLES 32

// "1.2.0.192.ZONE", or the nibbles of an IPv6 address.
static char *question_for(const struct ip_address *address, const char *zone)
{
    GString *name = g_string_new(NULL);
    if (ip_is_v4(address)) {
        const guint8 *v4 = address->bytes + 12;
        g_string_printf(name, "%u.%u.%u.%u.", v4[3], v4[2], v4[1], v4[0]);
    } else {
        for (int i = HEX_NIBBLES - 1; i >= 0; i--)
            g_string_append_printf(name, "%x.", address->bytes[i / 2] >> (i % 2 ? 0 : 4) & 0xf);
    }
    g_string_append(name, zone);
    return g_string_free(name, FALSE);
}

// The host that handed the report to us: the envelope says it, or the newest Received line with an
// address from outside.
static bool reporting_host(const struct evidence_case *evidence_case, struct ip_address *address_r)
{
    if (ip_parse(evidence_case->envelope->client_address, address_r))
        return true;
    for (guint n = 0; n < 5; n++) {
        g_autofree char *line = message_header(evidence_case->message, "Received", n);
        const char *bracket = line ? strchr(line, '[') : NULL;
        if (bracket && ip_parse(bracket, address_r) && !ip_is_private(address_r))
            return true;
    }
    return false;
}

static void look(const struct evidence_case *evidence_case, struct finding *finding)
{
    const char *const *zones = conf_list(evidence_case->conf, CONF_DNSBL_ZONES);
    struct ip_address address;
    if (!zones[0]) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "dnsbl.zones is not set");
        return;
    }
    if (!reporting_host(evidence_case, &address)) {
        finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "the reporting host is not known");
        return;
    }
    g_autofree char *host = ip_text(&address);
    for (gsize i = 0; zones[i] && i < ZONES_MAX; i++) {
        g_autofree char *question = question_for(&address, zones[i]);
        g_autoptr(DnsAnswer) answer = NULL;
        const struct deadline deadline =
            deadline_sooner(evidence_case->deadline,
                            deadline_in(conf_milliseconds(evidence_case->conf, CONF_DNS_TIMEOUT)));
        if (!dns_ask(question, DNS_A, conf_string(evidence_case->conf, CONF_DNS_SERVER), deadline,
                     &answer, NULL) ||
            answer->records->len == 0)
            continue;
        // Lists answer with 127.0.0.0/8; 127.255.255.0/24 means that they refuse to answer.
        const char *code = g_ptr_array_index(answer->records, 0);
        if (!g_str_has_prefix(code, "127.") || g_str_has_prefix(code, "127.255.255."))
            continue;
        finding_set(finding, SAYS_FORGED, WEIGHT_HINT, "%s is on %s (%s)", host, zones[i], code);
        return;
    }
    finding_set(finding, SAYS_NOTHING, WEIGHT_NONE, "%s is on no list", host);
}

const struct evidence_source evidence_dnsbl = {.name = "dnsbl", .look = look};
