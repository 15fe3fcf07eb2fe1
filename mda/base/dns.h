// SPDX-License-Identifier: MIT
// One question, one answer, within a deadline. The recursive servers that the system is configured
// with (or the one given) are asked in turn and believed; no cache, no DNSSEC, no search list. It
// stands in a module, since it needs c-ares and plain mail asks nobody.
#pragma once

#include "base/address.h"
#include "base/clock.h"
#include "base/module.h"

#include <glib.h>
#include <stdbool.h>

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

// What came back. A name that is not there, or has no such record, is an answer with no records.
struct dns_answer {
    GPtrArray *records; // char *: "192.0.2.1"; host name (MX without its preference); TXT joined
    guint32 ttl;        // the smallest of them, or of the negative answer; seconds
    bool exists;        // false: NXDOMAIN
};

#define DNS_PORT 53

#define DNS_SERVERS_MAX 3

struct dns_server {
    struct ip_address address;
    guint16 port;
};

// Reads servers as "address", "address:port" or "[v6]:port", with blanks or commas between. Their
// number, at most DNS_SERVERS_MAX; 0 when TEXT is empty or one of them is wrong.
guint dns_servers_parse(const char *text, struct dns_server *servers_r);

// Asks for NAME. SERVERS as dns_servers_parse reads them; "" is as the system is configured. False
// with *err (MDA_ERROR_TEMP) when no server answered in time, or all failed.
bool dns_ask(const char *name, enum dns_type type, const char *servers, struct deadline deadline,
             struct dns_answer **answer_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
// What the module exports.
struct dns_api {
    struct module_head head;
    bool (*ask)(const char *name, enum dns_type type, const char *servers, struct deadline deadline,
                struct dns_answer **answer_r, GError **err);
};

void dns_answer_free(struct dns_answer *answer);

typedef struct dns_answer DnsAnswer;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsAnswer, dns_answer_free)
