// SPDX-License-Identifier: MIT
// libFuzzer: what comes back from a name server. The first byte chooses what was asked for, the
// rest is the packet, as c-ares hands it over. Run in the build directory:  tests/fuzz/fuzz-dns DIR
// The module's own file, which is not in the library.
#include "base/dns-cares.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct dns_answer *answer, enum dns_type type)
{
    struct ip_address address;
    g_assert(answer->records->len <= RECORDS_MAX);
    for (guint i = 0; i < answer->records->len; i++) {
        const char *record = g_ptr_array_index(answer->records, i);
        g_assert(strlen(record) < TXT_MAX_BYTES + 256);
        if (type == DNS_A || type == DNS_AAAA)
            g_assert(ip_parse(record, &address));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_TXT, DNS_MX, DNS_PTR};
    if (size == 0)
        return 0;
    const enum dns_type type = types[data[0] % G_N_ELEMENTS(types)];
    // In a block of its own, so that a step beyond its end is seen.
    g_autofree guint8 *packet = g_memdup2(data + 1, size - 1);
    g_autoptr(DnsAnswer) answer = read_answer(packet, size - 1, type);
    if (answer)
        look_at(answer, type);
    struct question question = {.name = "x", .type = type};
    take_answer(&question, ARES_SUCCESS, 0, packet, (int)size - 1);
    g_assert(question.answered && (question.answer || question.status == ARES_EBADRESP));
    dns_answer_free(question.answer);
    g_autofree char *servers = g_strndup((const char *)data, size);
    struct dns_server list[DNS_SERVERS_MAX];
    g_assert(dns_servers_parse(servers, list) <= DNS_SERVERS_MAX);
    return 0;
}
