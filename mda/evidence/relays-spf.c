// SPDX-License-Identifier: MIT
// The networks that our own SPF record lists (RFC 7208 §5): ip4, ip6, a, mx, include, redirect.
// What depends on the sender or the client (exists, ptr, macros) is left out, and so is everything
// that does not pass: a network that is only tolerated ("~", "?") is none of ours.
#include "evidence/relays-spf.h"

#include "base/address.h"
#include "base/dns.h"

#include <stdlib.h>
#include <string.h>

// RFC 7208 §4.6.4
#define LOOKUPS_MAX 10
#define DEPTH_MAX 5
#define NETWORKS_MAX 500

struct expansion {
    const char *server;
    struct deadline deadline;
    GPtrArray *networks;
    guint lookups;
};

static struct dns_answer *ask(struct expansion *expansion, const char *name, enum dns_type type)
{
    struct dns_answer *answer;
    if (expansion->lookups >= LOOKUPS_MAX * 3 || deadline_passed(&expansion->deadline) ||
        !dns_ask(name, type, expansion->server, expansion->deadline, &answer, NULL))
        return NULL;
    expansion->lookups++;
    return answer;
}

static void add(struct expansion *expansion, const char *network)
{
    if (expansion->networks->len < NETWORKS_MAX)
        g_ptr_array_add(expansion->networks, g_strdup(network));
}

// The addresses of HOST, each with the prefix length of SUFFIX ("/24", "/24//64" or "").
static void add_host(struct expansion *expansion, const char *host, const char *suffix)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    const char *v6 = strstr(suffix, "//");
    g_autofree char *v4 = g_strndup(suffix, v6 ? (gsize)(v6 - suffix) : strlen(suffix));
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(DnsAnswer) answer = ask(expansion, host, types[i]);
        for (guint j = 0; answer && j < answer->records->len; j++) {
            g_autofree char *network = g_strconcat(g_ptr_array_index(answer->records, j),
                                                   types[i] == DNS_A ? v4
                                                   : v6              ? v6 + 1
                                                                     : "",
                                                   NULL);
            add(expansion, network);
        }
    }
}

static void add_mx(struct expansion *expansion, const char *domain, const char *suffix)
{
    g_autoptr(DnsAnswer) answer = ask(expansion, domain, DNS_MX);
    for (guint i = 0; answer && i < answer->records->len; i++)
        add_host(expansion, g_ptr_array_index(answer->records, i), suffix);
}

static void expand(struct expansion *expansion, const char *domain, guint depth);

static void expand_term(struct expansion *expansion, const char *term, const char *domain,
                        guint depth)
{
    if (*term == '+')
        term++;
    if (strchr("-~?", *term) || strchr(term, '%'))
        return;
    const gsize name = strcspn(term, ":=/");
    const char *value = term[name] == ':' || term[name] == '=' ? term + name + 1 : NULL;
    g_autofree char *host = g_strndup(value ? value : domain, strcspn(value ? value : domain, "/"));
    const char *slash = strchr(term, '/');
    if (g_ascii_strncasecmp(term, "ip4:", 4) == 0 || g_ascii_strncasecmp(term, "ip6:", 4) == 0)
        add(expansion, term + 4);
    else if (name == 1 && g_ascii_tolower(*term) == 'a')
        add_host(expansion, host, slash ? slash : "");
    else if (name == 2 && g_ascii_strncasecmp(term, "mx", 2) == 0)
        add_mx(expansion, host, slash ? slash : "");
    else if (value && (g_ascii_strncasecmp(term, "include:", 8) == 0 ||
                       g_ascii_strncasecmp(term, "redirect=", 9) == 0))
        expand(expansion, value, depth + 1);
}

static void expand(struct expansion *expansion, const char *domain, guint depth)
{
    if (depth > DEPTH_MAX)
        return;
    g_autoptr(DnsAnswer) answer = ask(expansion, domain, DNS_TXT);
    for (guint i = 0; answer && i < answer->records->len; i++) {
        const char *record = g_ptr_array_index(answer->records, i);
        if (g_ascii_strncasecmp(record, "v=spf1", 6) != 0 || (record[6] && record[6] != ' '))
            continue;
        g_auto(GStrv) terms = g_strsplit(record + 6, " ", 200);
        for (char **term = terms; *term; term++) {
            if (**term)
                expand_term(expansion, *term, domain, depth);
        }
        return;
    }
}

void relays_from_spf(const char *domain, const char *server, struct deadline deadline,
                     GPtrArray *networks)
{
    struct expansion expansion = {server, deadline, networks, 0};
    expand(&expansion, domain, 0);
}
