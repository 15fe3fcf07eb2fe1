// SPDX-License-Identifier: MIT
// The module backstop-spf.so: libspf2 evaluates the record, our own resolver asks for it, so that
// the common deadline holds and tests can name a server.
#include "evidence/spf.h"

#include "base/dns.h"
#include "base/error.h"
#include "config.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>

// What the lookups of one check share.
struct lookups {
    const char *server;
    struct deadline deadline;
};

static bool put_record(SPF_dns_rr_t *rr, int at, ns_type type, const char *text)
{
    // Room for the largest of the forms, and for the text with its end.
    const size_t size = MAX(strlen(text) + 1, sizeof(struct in6_addr));
    if (SPF_dns_rr_buf_realloc(rr, at, size) != SPF_E_SUCCESS)
        return false;
    switch ((int)type) {
    case ns_t_a:
        return inet_pton(AF_INET, text, &rr->rr[at]->a) == 1;
    case ns_t_aaaa:
        return inet_pton(AF_INET6, text, &rr->rr[at]->aaaa) == 1;
    case ns_t_mx:
        strcpy(rr->rr[at]->mx, text);
        return true;
    case ns_t_ptr:
        strcpy(rr->rr[at]->ptr, text);
        return true;
    default:
        strcpy(rr->rr[at]->txt, text);
        return true;
    }
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *dns, const char *domain, ns_type type,
                            int should_cache)
{
    (void)should_cache;
    const struct lookups *lookups = dns->hook;
    SPF_dns_rr_t *rr = SPF_dns_rr_new_init(dns, domain, type, 0, NO_DATA);
    g_autoptr(DnsAnswer) answer = NULL;
    if (!rr)
        return NULL;
    if ((int)type != DNS_A && (int)type != DNS_AAAA && (int)type != DNS_MX &&
        (int)type != DNS_PTR && (int)type != DNS_TXT)
        return rr; // the SPF type of old: nobody publishes that
    if (!dns_ask(domain, (enum dns_type)type, lookups->server, lookups->deadline, &answer, NULL)) {
        rr->herrno = TRY_AGAIN;
        return rr;
    }
    for (guint i = 0; i < answer->records->len; i++) {
        if (put_record(rr, rr->num_rr, type, g_ptr_array_index(answer->records, i)))
            rr->num_rr++;
    }
    rr->ttl = (time_t)answer->ttl;
    rr->herrno = rr->num_rr > 0 ? NETDB_SUCCESS : answer->exists ? NO_DATA : HOST_NOT_FOUND;
    return rr;
}

// Without a destructor libspf2 leaves it to us; its own way of freeing it depends on the version.
static SPF_dns_server_t *layer_new(struct lookups *lookups)
{
    SPF_dns_server_t *dns = calloc(1, sizeof *dns);
    if (!dns)
        return NULL;
    dns->name = "backstop";
    dns->lookup = lookup;
    dns->hook = lookups;
    return dns;
}

static const char *name_of(SPF_result_t result)
{
    switch (result) {
    case SPF_RESULT_PASS:
        return "pass";
    case SPF_RESULT_FAIL:
        return "fail";
    case SPF_RESULT_SOFTFAIL:
        return "softfail";
    case SPF_RESULT_NEUTRAL:
        return "neutral";
    case SPF_RESULT_NONE:
        return "none";
    case SPF_RESULT_TEMPERROR:
        return "temperror";
    case SPF_RESULT_INVALID:
    case SPF_RESULT_PERMERROR:
    default:
        return "permerror";
    }
}

// SPF_request_query_mailfrom() lets every loopback address pass. In a trail that is a filter on the
// reporting side, nothing of ours; so the record is fetched and interpreted here.
static const char *evaluate(SPF_server_t *server, SPF_request_t *request)
{
    SPF_response_t *response = SPF_response_new(request);
    SPF_record_t *record = NULL;
    const char *result = "temperror";
    if (!response)
        return result;
    request->cur_dom = request->env_from_dp;
    const SPF_errcode_t code = SPF_server_get_record(server, request, response, &record);
    if (code == SPF_E_SUCCESS) {
        response->spf_record_exp = record;
        SPF_record_interpret(record, request, response, 0);
        result = name_of(SPF_response_result(response));
    } else if (code == SPF_E_NOT_SPF) {
        result = "none";
    } else if (code != SPF_E_DNS_ERROR) {
        result = "permerror";
    }
    if (record)
        SPF_record_free(record);
    SPF_response_free(response);
    return result;
}

static const char *query(SPF_server_t *server, const char *address, const char *helo,
                         const char *sender)
{
    SPF_request_t *request = SPF_request_new(server);
    const char *result = "temperror";
    const bool v6 = strchr(address, ':') != NULL;
    if (request &&
        (v6 ? SPF_request_set_ipv6_str(request, address)
            : SPF_request_set_ipv4_str(request, address)) == SPF_E_SUCCESS &&
        SPF_request_set_helo_dom(request, helo ? helo : "unknown") == SPF_E_SUCCESS &&
        SPF_request_set_env_from(request, sender) == 0)
        result = evaluate(server, request);
    if (request)
        SPF_request_free(request);
    return result;
}

static bool check(const char *address, const char *helo, const char *sender, const char *server,
                  struct deadline deadline, const char **result_r, GError **err)
{
    struct lookups lookups = {server, deadline};
    SPF_dns_server_t *dns = layer_new(&lookups);
    SPF_server_t *spf = dns ? SPF_server_new_dns(dns, 0) : NULL;
    if (!spf) {
        free(dns);
        return mda_fail(err, MDA_ERROR_TEMP, "libspf2 could not be started");
    }
    *result_r = query(spf, address, helo, sender);
    SPF_server_free(spf);
    free(dns);
    return true;
}

extern const struct spf_api MODULE_SYMBOL;
const struct spf_api MODULE_SYMBOL = {.head = {PACKAGE_VERSION}, .check = check};
