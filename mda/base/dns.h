// SPDX-License-Identifier: MIT
// A small resolver: one question, one answer, within a deadline; UDP, and TCP where the answer was
// cut. It asks the recursive servers of /etc/resolv.conf (or the one given) and believes them; no
// cache, no DNSSEC, no search list. It stands in a module, since it needs libresolv and plain mail
// asks nobody.
#pragma once

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

// Asks for NAME. SERVER is "address", "address:port" or "[v6]:port"; "" is as the system is
// configured. False with *err (MDA_ERROR_TEMP) when no server answered in time, or with a failure.
bool dns_ask(const char *name, enum dns_type type, const char *server, struct deadline deadline,
             struct dns_answer **answer_r, GError **err) G_GNUC_WARN_UNUSED_RESULT;
// What the module exports.
struct dns_api {
    struct module_head head;
    bool (*ask)(const char *name, enum dns_type type, const char *server, struct deadline deadline,
                struct dns_answer **answer_r, GError **err);
};

void dns_answer_free(struct dns_answer *answer);

typedef struct dns_answer DnsAnswer;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DnsAnswer, dns_answer_free)
