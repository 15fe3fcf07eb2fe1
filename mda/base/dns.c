// SPDX-License-Identifier: MIT
#include "base/dns.h"

bool dns_ask(const char *name, enum dns_type type, const char *server, struct deadline deadline,
             struct dns_answer **answer_r, GError **err)
{
    const struct dns_api *api = (const struct dns_api *)module_load("dns", err);
    return api && api->ask(name, type, server, deadline, answer_r, err);
}

void dns_answer_free(struct dns_answer *answer)
{
    if (!answer)
        return;
    g_ptr_array_unref(answer->records);
    g_free(answer);
}
