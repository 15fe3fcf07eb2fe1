// SPDX-License-Identifier: MIT
// libFuzzer: what evidence reads out of single values. Mail addresses and their BATV tags, host
// addresses and networks, Received lines, stamps. The input is one value; for what takes several,
// they stand on lines of their own.
// Run in the build directory:  tests/fuzz/fuzz-address -max_len=4096 DIR
#include "base/address.h"
#include "evidence/batv.h"
#include "evidence/keys.h"
#include "evidence/stamp.h"
#include "message/received.h"

#include <stdint.h>
#include <string.h>

#define NOW 1795230468
#define DAYS 7
#define ADDRESSES_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct secret secret = {(char *)"3", (char *)"not much of a secret"};

static void look_at_addresses(const char *text)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    address_scan(text, ADDRESSES_MAX, addresses);
    g_assert(addresses->len <= ADDRESSES_MAX);
    for (guint i = 0; i < addresses->len; i++) {
        const char *at = strrchr(g_ptr_array_index(addresses, i), '@');
        g_assert(at && at > (char *)g_ptr_array_index(addresses, i) && at[1]);
    }
    g_autofree char *folded = address_fold(text);
    g_autofree char *untagged = address_untagged(text);
    g_assert(strlen(untagged) <= strlen(folded) && strlen(folded) <= strlen(text));
    (void)domain_related(text, "mail.example.co.uk");
}

// What was signed verifies, and without its tag it is what it was.
static void look_at_tags(const GPtrArray *keys, const char *text)
{
    (void)batv_verify(keys, text, NOW, DAYS);
    g_autofree char *signed_text = batv_sign(keys, text, NOW, DAYS);
    if (strcmp(signed_text, text) == 0)
        return;
    g_assert(batv_verify(keys, signed_text, NOW, DAYS) == BATV_VALID);
    g_assert(batv_verify(keys, signed_text, NOW + (DAYS + 1) * 86400, DAYS) == BATV_EXPIRED);
    g_autofree char *untagged = address_untagged(signed_text);
    g_autofree char *folded = address_fold(text);
    if (!strpbrk(text, "<> \t\r\n\v\f"))
        g_assert(strcmp(untagged, folded) == 0);
}

static void look_at_host(const char *text)
{
    struct ip_address address, again;
    struct received received;
    received_parse(text, &received);
    if (received.address)
        g_assert(ip_parse(received.address, &address));
    received_clear(&received);
    if (!ip_parse(text, &address))
        return;
    g_autofree char *plain = ip_text(&address);
    g_assert(ip_parse(plain, &again) && memcmp(&address, &again, sizeof address) == 0);
    g_assert(ip_in_network(&address, plain));
    (void)ip_is_private(&address);
    (void)ip_in_network(&address, text);
}

static void look_at_stamp(const GPtrArray *keys, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 4);
    if (g_strv_length(lines) < 4)
        return;
    (void)stamp_verify(keys, lines[3], lines[0], lines[1], lines[2]);
    g_autofree char *stamp = stamp_make(keys, lines[0], lines[1], lines[2]);
    g_assert(stamp_verify(keys, stamp, lines[0], lines[1], lines[2]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    g_ptr_array_add(keys, &secret);
    look_at_addresses(text);
    look_at_tags(keys, text);
    look_at_host(text);
    look_at_stamp(keys, text);
    return 0;
}
