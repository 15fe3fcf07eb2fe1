// SPDX-License-Identifier: MIT
#include "evidence/identity.h"

#include "base/address.h"
#include "base/text.h"

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

GPtrArray *identity_addressees(const struct evidence_case *evidence_case)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    const struct envelope *envelope = evidence_case->envelope;
    add_address(addresses, envelope->original_recipient);
    add_address(addresses, envelope->recipient);
    if (addresses->len > 0)
        return addresses;
    // In the order in which they are to be believed: what MTAs write before what the sender wrote.
    static const char *const names[] = {"X-Original-To", "Delivered-To", "Envelope-To", "To"};
    for (gsize i = 0; i < G_N_ELEMENTS(names) && addresses->len == 0; i++) {
        g_autofree char *value = message_header(evidence_case->message, names[i], 0);
        address_scan(value, ADDRESSEES_MAX, addresses);
        if (strcmp(names[i], "To") != 0)
            drop_failed(evidence_case->report, addresses);
    }
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

bool identity_names_host(const struct evidence_case *evidence_case, const char *host)
{
    g_auto(GStrv) domains = identity_domains(evidence_case);
    for (char **domain = domains; *domain; domain++) {
        if (domain_related(host, **domain == '.' ? *domain + 1 : *domain))
            return true;
    }
    return false;
}
