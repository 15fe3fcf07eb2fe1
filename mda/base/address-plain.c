// SPDX-License-Identifier: MIT
// Whose account an address is, whatever was written into it on the way. Part of base/address.h.
#include "base/address.h"

#include <string.h>

// The address inside of an SRS one, from what stands behind the marker: "HHHH=TT=domain=local".
// NULL when it is none. Owned by the caller.
static char *srs_inner(const char *fields, const char *at)
{
    const char *domain = fields;
    for (int i = 0; i < 2; i++) {
        domain = memchr(domain, '=', (gsize)(at - domain));
        if (!domain)
            return NULL;
        domain++;
    }
    const char *local = memchr(domain, '=', (gsize)(at - domain));
    if (!local || local == domain || local + 1 >= at)
        return NULL;
    return g_strdup_printf("%.*s@%.*s", (int)(at - local - 1), local + 1, (int)(local - domain),
                           domain);
}

// SRS: "SRS0=HHHH=TT=domain=local@forwarder", "SRS1=HHHH=first==HHHH=TT=domain=local@second", and
// Exchange Online's "user+SRS=HHHH=TT=domain=local@forwarder". ADDRESS is folded.
static char *undo_srs(const char *address)
{
    const char *at = strrchr(address, '@');
    const char *plus = strstr(address, "+srs=");
    if (!at)
        return NULL;
    if (plus && plus < at)
        return srs_inner(plus + strlen("+srs="), at);
    if (strncmp(address, "srs0", 4) == 0 && address[4] && strchr("=+-", address[4]))
        return srs_inner(address + 5, at);
    if (strncmp(address, "srs1", 4) == 0 && address[4] && strchr("=+-", address[4])) {
        const char *first = g_strstr_len(address, at - address, "==");
        return first ? srs_inner(first + 2, at) : NULL;
    }
    return NULL;
}

char *address_plain(const char *address)
{
    // The tag may stand inside of the forwarder's address as well as around it.
    g_autofree char *folded = address_fold(address);
    g_autofree char *inner = folded ? undo_srs(folded) : NULL;
    g_autofree char *untagged = address_untagged(inner ? inner : folded);
    g_autofree char *second = untagged && !inner ? undo_srs(untagged) : NULL;
    g_autofree char *bare = second ? address_untagged(second) : g_steal_pointer(&untagged);
    char *at = bare ? strrchr(bare, '@') : NULL;
    if (!at)
        return g_steal_pointer(&bare);
    g_autofree char *domain = domain_to_ascii(at + 1);
    *at = '\0';
    char *detail = strchr(bare, '+');
    if (detail && detail > bare)
        *detail = '\0';
    return g_strdup_printf("%s@%s", bare, domain);
}
