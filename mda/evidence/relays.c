// SPDX-License-Identifier: MIT
#include "evidence/relays.h"

#include "base/text.h"

#include <string.h>

static bool is_network(const char *entry)
{
    struct ip_address address;
    g_autofree char *base = g_strndup(entry, strcspn(entry, "/"));
    return ip_parse(base, &address);
}

static void add_all(struct relays *relays, const char *const *entries)
{
    for (; *entries; entries++)
        g_ptr_array_add(is_network(*entries) ? relays->networks : relays->names,
                        g_strdup(*entries));
}

struct relays *relays_new(const struct evidence_case *evidence_case)
{
    struct relays *relays = g_new0(struct relays, 1);
    relays->names = g_ptr_array_new_with_free_func(g_free);
    relays->networks = g_ptr_array_new_with_free_func(g_free);
    add_all(relays, conf_list(evidence_case->conf, CONF_IDENTITY_RELAYS));
    add_all(relays, conf_list(evidence_case->conf, CONF_IDENTITY_NETWORKS));
    return relays;
}

void relays_free(struct relays *relays)
{
    if (!relays)
        return;
    g_ptr_array_unref(relays->names);
    g_ptr_array_unref(relays->networks);
    g_free(relays);
}

bool relays_empty(const struct relays *relays)
{
    return relays->names->len == 0 && relays->networks->len == 0;
}

bool relays_hold_name(const struct relays *relays, const char *name)
{
    for (guint i = 0; i < relays->names->len; i++) {
        if (text_glob(g_ptr_array_index(relays->names, i), name))
            return true;
    }
    return false;
}

bool relays_hold_address(const struct relays *relays, const struct ip_address *address)
{
    for (guint i = 0; i < relays->networks->len; i++) {
        if (ip_in_network(address, g_ptr_array_index(relays->networks, i)))
            return true;
    }
    return false;
}
