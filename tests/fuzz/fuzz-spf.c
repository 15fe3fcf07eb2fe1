// SPDX-License-Identifier: MIT
// libFuzzer: the networks that an SPF record lists. Every line of the input is what DNS answers to
// one question, in turn and from the beginning again, whatever was asked: so records include each
// other and themselves.
// Run in the build directory:  tests/fuzz/fuzz-spf -max_len=4096 DIR
#include <glib.h>

// The expansion's own file once more, with a DNS of ours.
#define dns_ask fuzz_dns_ask
#define relays_from_spf fuzz_relays_from_spf
#include "evidence/relays-spf.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char **lines;
static guint line, questions;

bool dns_ask(const char *name, enum dns_type type, const char *server, struct deadline deadline,
             struct dns_answer **answer_r, GError **err)
{
    (void)type, (void)server, (void)deadline, (void)err;
    g_assert(name && ++questions <= LOOKUPS_MAX * 3);
    struct dns_answer *answer = g_new0(struct dns_answer, 1);
    answer->records = g_ptr_array_new_with_free_func(g_free);
    if (!lines[line])
        line = 0;
    if (lines[line])
        g_ptr_array_add(answer->records, g_strdup(lines[line++]));
    *answer_r = answer;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ip_address probes[] = {{{[10] = 0xff, [11] = 0xff, [12] = 192}},
                                               {{0x20, 0x01, 0x0d, 0xb8}}};
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GPtrArray) networks = g_ptr_array_new_with_free_func(g_free);
    lines = g_strsplit(text, "\n", 100);
    line = questions = 0;
    relays_from_spf("example.org", "", deadline_in(-1), networks);
    g_assert(networks->len <= NETWORKS_MAX);
    for (guint i = 0; i < networks->len; i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(probes); j++)
            (void)ip_in_network(&probes[j], g_ptr_array_index(networks, i));
    }
    g_strfreev(lines);
    return 0;
}
