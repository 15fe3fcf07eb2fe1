// SPDX-License-Identifier: MIT
// Addresses, networks, host names and dates as others write them.
#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_scan(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted; // addresses joined by blanks
    } rows[] = {
        {"Bob <Bob@Example.ORG>, c@d.example", "bob@example.org c@d.example"},
        {"\"Last, First\" <a.b+c@x.example> (a@comment.example)",
         "a.b+c@x.example a@comment.example"},
        {"undisclosed-recipients:;", ""},
        {"rfc822;user@host.example", "user@host.example"},
        {"a@b.example A@B.EXAMPLE a@b.example.", "a@b.example"},
        {"\"odd one\"@x.example", "\"odd one\"@x.example"},
        {"user@[192.0.2.1]", "user@[192.0.2.1]"},
        {"<prvs=0123abcdef=u@x.example>", "prvs=0123abcdef=u@x.example"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
        address_scan(rows[i].text, 10, found);
        g_ptr_array_add(found, NULL);
        g_autofree char *joined = g_strjoinv(" ", (char **)found->pdata);
        assert_string_equal(joined, rows[i].wanted);
    }
    g_autoptr(GPtrArray) some = g_ptr_array_new_with_free_func(g_free);
    assert_false(address_scan("a@x b@x c@x", 2, some));
    assert_int_equal(some->len, 2);
}

// Literals that are never closed: the time is in proportion to the length.
static void test_scan_time(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < COUNT; i++)
        g_string_append(text, "a@[");
    const gint64 start = g_get_monotonic_time();
    assert_true(address_scan(text->str, 10, addresses));
    assert_true(g_get_monotonic_time() - start < 2 * G_USEC_PER_SEC);
    assert_int_equal(addresses->len, 0);
}

static void test_untagged(void **state)
{
    (void)state;
    static const struct {
        const char *address, *wanted;
    } rows[] = {
        {"<User@Example.org>", "user@example.org"},
        {"prvs=0785d59305=alice@example.org", "alice@example.org"},
        {"prvs=0785d59305=a=b@example.org", "a=b@example.org"},
        {"btv1==123==alice@example.org", "alice@example.org"},
        {"alice=prvs=0785d59305@example.org", "alice@example.org"},
        {"alice@example.org.", "alice@example.org"},
        {"", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = address_untagged(rows[i].address);
        assert_string_equal(got, rows[i].wanted);
    }
    assert_null(address_untagged(NULL));
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *address, *network;
        bool in;
    } rows[] = {
        {"192.0.2.1", "192.0.2.0/24", true},     {"192.0.3.1", "192.0.2.0/24", false},
        {"192.0.2.129", "192.0.2.128/25", true}, {"192.0.2.127", "192.0.2.128/25", false},
        {"192.0.2.1", "192.0.2.1", true},        {"::ffff:192.0.2.1", "192.0.2.0/24", true},
        {"2001:db8::1", "2001:db8::/32", true},  {"2001:db9::1", "2001:db8::/32", false},
        {"2001:db8::1", "192.0.2.0/24", false},  {"192.0.2.1", "::/0", false},
        {"192.0.2.1", "0.0.0.0/0", true},        {"192.0.2.1", "192.0.2.0/33", false},
        {"192.0.2.1", "192.0.2.0/x", false},     {"192.0.2.1", "mail.example.org", false},
        {"[192.0.2.1]", "192.0.2.0/24", true},   {"IPv6:2001:db8::1", "2001:db8::/32", true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ip_address address;
        assert_true(ip_parse(rows[i].address, &address));
        assert_int_equal(ip_in_network(&address, rows[i].network), rows[i].in);
    }
    struct ip_address address;
    assert_false(ip_parse("mail.example.org", &address));
    assert_false(ip_parse("", &address));
    assert_false(ip_parse("1.2.3.4.5", &address));
}

static void test_domains(void **state)
{
    (void)state;
    static const char *const ours[] = {"example.org", ".corp.example", NULL};
    assert_true(domain_among("EXAMPLE.org", ours));
    assert_false(domain_among("mail.example.org", ours));
    assert_true(domain_among("corp.example", ours));
    assert_true(domain_among("a.b.corp.example", ours));
    assert_false(domain_among("xcorp.example", ours));
    assert_true(domain_related("mx1.example.org", "out.example.org"));
    assert_true(domain_related("mx.example.org", "example.org"));
    assert_false(domain_related("example.org", "example.net"));
    assert_false(domain_related("spammer.example", "victim.example"));
    assert_false(domain_related("a.co.uk", "b.co.uk"));
    assert_true(domain_related("mx.a.co.uk", "www.a.co.uk"));
    assert_false(domain_related(NULL, "example.org"));
    assert_false(domain_related("localhost", "localhost.example.org"));
    // However deep: what counts is the name that was registered.
    assert_true(domain_related("AM7EUR06FT043.eop-eur06.prod.protection.outlook.com",
                               "am7eur06ft043.mail.protection.OUTLOOK.com."));
    assert_true(domain_related("a.b.c.example.org", "d.example.org"));
    assert_true(domain_related("a.kunde.com.au", "b.kunde.com.au"));
    assert_false(domain_related("kunde.com.au", "other.com.au"));
    assert_false(domain_related("co.uk", "b.co.uk"));
    assert_false(domain_related("192.0.2.1", "198.51.2.1"));
    assert_false(domain_related("org", "example.org"));
    assert_true(domain_related("mx.m\xc3\xbcller.example", "out.xn--mller-kva.example"));
}

static void test_plain(void **state)
{
    (void)state;
    static const struct {
        const char *address, *plain;
    } rows[] = {
        {"<Alice@Example.ORG>", "alice@example.org"},
        {"alice+shop@example.org", "alice@example.org"},
        {"+alice@example.org", "+alice@example.org"},
        {"prvs=0123abcdef=alice@example.org", "alice@example.org"},
        {"SRS0=HHHH=TT=example.org=alice@forward.example", "alice@example.org"},
        {"srs0+hhhh=tt=example.org=alice+x@forward.example", "alice@example.org"},
        {"SRS1=HHHH=first.example==HHHH=TT=example.org=alice@second.example", "alice@example.org"},
        {"bounces+SRS=44ldt=IX=example.org=alice@contoso.example", "alice@example.org"},
        {"SRS0=HHHH=TT=example.org=prvs=0123abcdef=alice@forward.example", "alice@example.org"},
        {"SRS0=HHHH@forward.example", "srs0=hhhh@forward.example"},
        {"alice@m\xc3\xbcller.example", "alice@xn--mller-kva.example"},
        {"alice@XN--MLLER-KVA.example.", "alice@xn--mller-kva.example"},
        {"alice", "alice"},
        {NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *plain = address_plain(rows[i].address);
        assert_int_equal(g_strcmp0(plain, rows[i].plain), 0);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),     cmocka_unit_test(test_scan_time),
        cmocka_unit_test(test_untagged), cmocka_unit_test(test_networks),
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
