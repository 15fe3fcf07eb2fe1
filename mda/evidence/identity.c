// SPDX-License-Identifier: MIT
#include "evidence/identity.h"

#include "base/address.h"
#include "base/text.h"
#include "ledger/sentfolder.h"
#include "message/received.h"

#include <string.h>

#define ADDRESSEES_MAX 20

static void add_address(GPtrArray *addresses, const char *address)
{
    g_autofree char *folded = address_fold(address);
    if (folded && text_domain_of(folded) &&
        !g_ptr_array_find_with_equal_func(addresses, folded, g_str_equal, NULL))
        g_ptr_array_add(addresses, g_steal_pointer(&folded));
}

static bool has_failed(const struct report *report, const char *address)
{
    for (guint i = 0; i < report->recipients->len; i++) {
        const struct report_recipient *recipient = g_ptr_array_index(report->recipients, i);
        g_autofree char *final = address_fold(recipient->final);
        g_autofree char *original = address_fold(recipient->original);
        if (g_strcmp0(final, address) == 0 || g_strcmp0(original, address) == 0)
            return true;
    }
    return false;
}

// dma writes the recipient that failed into X-Original-To of its report.
static void drop_failed(const struct report *report, GPtrArray *addresses)
{
    for (guint i = addresses->len; i-- > 0;) {
        if (has_failed(report, g_ptr_array_index(addresses, i)))
            g_ptr_array_remove_index(addresses, i);
    }
}

// The fields in which MTAs note for whom they deliver a message, each above those of earlier ones.
static bool is_delivery_note(const struct header_field *field)
{
    return header_field_is(field, "Delivered-To") || header_field_is(field, "X-Original-To") ||
           header_field_is(field, "Envelope-To");
}

static void add_target(const struct header_field *received, GPtrArray *addresses)
{
    g_autofree char *value = header_field_value(received);
    g_autofree char *target = received_target(value);
    add_address(addresses, target);
}

// Those of the newest delivery: an older one was to another account that forwards here. So what
// stands above the first Received line goes before that line's "for", and both before what is
// below.
static void add_newest_delivery(const struct evidence_case *evidence_case, GPtrArray *addresses)
{
    const GArray *fields = evidence_case->message->fields;
    for (guint i = 0; i < fields->len; i++) {
        const struct header_field *field = &g_array_index(fields, struct header_field, i);
        const bool received = header_field_is(field, "Received");
        if (received && addresses->len > 0)
            return;
        if (received)
            add_target(field, addresses);
        if (!is_delivery_note(field))
            continue;
        g_autofree char *value = header_field_value(field);
        address_scan(value, ADDRESSEES_MAX, addresses);
        drop_failed(evidence_case->report, addresses);
    }
}

// Does a note of an earlier delivery name ADDRESS? Then the MTA passes on what the account before
// was called (RFC 3461 ORCPT).
static bool was_before(const struct evidence_case *evidence_case, const char *address)
{
    const GArray *fields = evidence_case->message->fields;
    bool below = false;
    for (guint i = 0; address && i < fields->len; i++) {
        const struct header_field *field = &g_array_index(fields, struct header_field, i);
        const bool received = header_field_is(field, "Received");
        if (below && (received || is_delivery_note(field))) {
            g_autofree char *value = header_field_value(field);
            g_autofree char *target = received ? received_target(value) : address_fold(value);
            g_autofree char *folded = address_fold(target);
            if (g_strcmp0(folded, address) == 0)
                return true;
        }
        below |= received;
    }
    return false;
}

GPtrArray *identity_addressees(const struct evidence_case *evidence_case)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    const struct envelope *envelope = evidence_case->envelope;
    g_autofree char *original = address_fold(envelope->original_recipient);
    if (!envelope->recipient || !was_before(evidence_case, original))
        add_address(addresses, original);
    add_address(addresses, envelope->recipient);
    if (addresses->len > 0)
        return addresses;
    add_newest_delivery(evidence_case, addresses);
    if (addresses->len > 0)
        return addresses;
    g_autofree char *to = message_header(evidence_case->message, "To", 0);
    address_scan(to, ADDRESSEES_MAX, addresses);
    return addresses;
}

char **identity_domains(const struct evidence_case *evidence_case)
{
    const char *const *configured = conf_list(evidence_case->conf, CONF_IDENTITY_DOMAINS);
    if (configured[0])
        return g_strdupv((char **)configured);
    g_autoptr(GPtrArray) addresses = identity_addressees(evidence_case);
    GPtrArray *domains = g_ptr_array_new();
    for (guint i = 0; i < addresses->len; i++) {
        const char *domain = text_domain_of(g_ptr_array_index(addresses, i));
        if (domain && !g_ptr_array_find_with_equal_func(domains, domain, g_str_equal, NULL))
            g_ptr_array_add(domains, g_strdup(domain));
    }
    g_ptr_array_add(domains, NULL);
    return (char **)g_ptr_array_free(domains, FALSE);
}

// "example.org" takes in what is below it here: whoever forges mail.example.org means us.
static bool is_at_or_below(const char *domain, const char *const *ours)
{
    for (; *ours; ours++) {
        g_autofree char *ascii = domain_to_ascii(**ours == '.' ? *ours + 1 : *ours);
        const gsize a = strlen(domain), b = strlen(ascii);
        if (b > 0 && a >= b && strcmp(domain + a - b, ascii) == 0 &&
            (a == b || domain[a - b - 1] == '.'))
            return true;
    }
    return false;
}

static bool is_listed(const char *const *entries, const char *address, const char *plain)
{
    for (; *entries; entries++) {
        g_autofree char *entry = address_plain(*entries);
        if (strcmp(entry, plain) == 0 || text_glob(*entries, address) || text_glob(*entries, plain))
            return true;
    }
    return false;
}

static bool is_addressee(const struct evidence_case *evidence_case, const char *plain)
{
    g_autoptr(GPtrArray) addressees = identity_addressees(evidence_case);
    for (guint i = 0; i < addressees->len; i++) {
        g_autofree char *other = address_plain(g_ptr_array_index(addressees, i));
        if (strcmp(other, plain) == 0)
            return true;
    }
    return false;
}

bool identity_is_ours(const struct evidence_case *evidence_case, const char *address)
{
    const struct conf *conf = evidence_case->conf;
    g_autofree char *plain = address_plain(address);
    g_auto(GStrv) domains = identity_domains(evidence_case);
    const char *domain = text_domain_of(plain);
    if (!domain)
        return false;
    return is_at_or_below(domain, (const char *const *)domains) ||
           is_listed(conf_list(conf, CONF_IDENTITY_ADDRESSES), address, plain) ||
           is_listed(conf_list(conf, CONF_IDENTITY_NEVER_SENDS), address, plain) ||
           is_addressee(evidence_case, plain) ||
           sentfolder_is_own(conf, address, evidence_case->deadline);
}

bool identity_names_host(const struct evidence_case *evidence_case, const char *host)
{
    g_auto(GStrv) domains = identity_domains(evidence_case);
    for (char **domain = domains; *domain; domain++) {
        if (domain_related(host, **domain == '.' ? *domain + 1 : *domain))
            return true;
    }
    return false;
}
