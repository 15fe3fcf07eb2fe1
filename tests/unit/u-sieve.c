// SPDX-License-Identifier: MIT
// The engine's pure parts, and a program that runs many times on a host made of constants.
#include "sieve/lang/address-parts.h"
#include "sieve/lang/dates.h"
#include "sieve/lang/match-type.h"
#include "sieve/sieve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// cmocka wants those four in front.
#include <cmocka.h>

static void test_glob(void **state)
{
    static const struct {
        const char *pattern, *value;
        bool match;
        const char *values; // under the wildcards, with '|' between
    } cases[] = {
        {"*", "", true, ""},
        {"?", "", false, ""},
        {"*??", "abc", true, "a|b|c"},
        {"*?X", "aX", true, "|a"},
        {"a*b*c", "aXbYc", true, "X|Y"},
        {"*b*", "abab", true, "a|ab"},
        {"*ab", "aab", true, "a"},
        {"a\\*b", "a*b", true, ""},
        {"a\\*b", "axb", false, ""},
        {"**", "ab", true, "|ab"},
        {"abc\\", "abc\\", true, ""},
        {"*abc", "ab", false, ""},
        {"?", "\xc3\xa9", true, "\xc3\xa9"},
        {"A*", "abc", true, "bc"},
    };
    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
        bool match = sieve_glob(&sieve_ascii_casemap, cases[i].pattern, cases[i].value, values);
        assert_int_equal(match, cases[i].match);
        g_ptr_array_add(values, NULL);
        g_autofree char *joined = g_strjoinv("|", (char **)values->pdata);
        if (match)
            assert_string_equal(joined, cases[i].values);
    }
}

// Many stars cost no more than the product of the lengths.
static void test_glob_is_bounded(void **state)
{
    (void)state;
    g_autofree char *value = g_strnfill(20000, 'a');
    g_autofree char *stars = g_strnfill(100, '*');
    g_autofree char *pattern = g_strconcat(stars, "a*a*a*a*a*a*a*a*b", NULL);
    gint64 before = g_get_monotonic_time();
    assert_false(sieve_glob(&sieve_octet, pattern, value, NULL));
    assert_true(g_get_monotonic_time() - before < 2 * G_USEC_PER_SEC);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *value, *addresses; // those found, with ' ' between; "-" for what is none
    } cases[] = {
        {"a@b.c, Foo <d@e.f>", "a@b.c d@e.f"},
        {"Friends: a@b.c, \"x\" <d@e.f>;", "a@b.c d@e.f"},
        {"undisclosed-recipients:;", "-"},
        {"<@relay.example:a@b.c>", "a@b.c"},
        {"a (comment) @ b.c", "a@b.c"},
        {"\"q x\"@b.c", "\"q x\"@b.c"},
        {"nobody", "-"},
        {"<<broken@@", "-"},
        {"(((((", ""},
        {"\"unterminated", "-"},
    };
    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) list = sieve_addresses_parse(cases[i].value);
        g_autoptr(GString) found = g_string_new(NULL);
        for (guint k = 0; k < list->len; k++) {
            const struct sieve_address *address = g_ptr_array_index(list, k);
            g_string_append_printf(found, "%s%s", k ? " " : "",
                                   address->local ? address->text : "-");
        }
        assert_string_equal(found->str, cases[i].addresses);
    }
}

// Nor does an address field that was made to be slow.
static void test_addresses_are_bounded(void **state)
{
    static const char *const pieces[] = {"\\\"", "(",  "\"\\", "<",  "a,",
                                         "@",    "a@", "\"",   "a:", "(\\)"};
    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) value = g_string_new("\"");
        while (value->len < 300000)
            g_string_append(value, pieces[i]);
        for (guint quoted = 0; quoted < 2; quoted++) {
            gint64 before = g_get_monotonic_time();
            g_autoptr(GPtrArray) list = sieve_addresses_parse(value->str + quoted);
            assert_true(list->len <= 1000);
            assert_true(g_get_monotonic_time() - before < 2 * G_USEC_PER_SEC);
        }
    }
}

static void test_one_address(void **state)
{
    static const char *const ok[] = {"a@b.c", "Foo <a@b.c>", " A B < a @ b.c > ", "(x) a@b.c (y)"};
    static const char *const wrong[] = {"",      "foo",          "a@", "@b.c",
                                        "a@b@c", "a@b.c, d@e.f", "<>", "<a@b.c"};
    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(ok); i++) {
        g_autofree char *why = NULL;
        g_autofree char *address = sieve_address_parse_one(ok[i], &why);
        assert_string_equal(address, "a@b.c");
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *why = NULL;
        g_autofree char *address = sieve_address_parse_one(wrong[i], &why);
        assert_null(address);
        assert_non_null(why);
    }
}

static void test_dates(void **state)
{
    (void)state;
    g_autofree char *iso = sieve_date_part(0, 0, "iso8601");
    assert_string_equal(iso, "1970-01-01T00:00:00Z");
}

// ---- A host of constants

static GPtrArray *fake_fields(void *data)
{
    GPtrArray *fields = g_ptr_array_new_with_free_func(sieve_field_free);
    g_ptr_array_add(fields, sieve_field_new("Subject", data));
    return fields;
}

static char *fake_decode(void *data, const char *raw)
{
    (void)data;
    return g_strdup(raw);
}

static guint64 fake_size(void *data)
{
    return strlen(data);
}

static const struct sieve_host fake = {
    .fields = fake_fields, .decode = fake_decode, .size = fake_size};

static void test_program_is_reusable(void **state)
{
    static const char script[] = "require [\"fileinto\", \"variables\"];\n"
                                 "if header :matches \"subject\" \"[*]*\" { fileinto \"${1}\"; }\n";
    static const char *const subjects[] = {"[one] x", "plain", "[two]"};
    static const char *const folders[] = {"one", NULL, "two"};
    (void)state;
    struct sieve_host host = fake;
    struct sieve_program *program = NULL;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    assert_true(sieve_compile("s", script, strlen(script), &host, diagnostics, &program));
    for (guint i = 0; i < G_N_ELEMENTS(subjects); i++) {
        g_autoptr(Plan) plan = plan_new();
        host.data = (void *)subjects[i];
        assert_true(sieve_execute(program, &host, plan, diagnostics));
        assert_int_equal(plan->implicit_keep, folders[i] == NULL);
        assert_int_equal(plan->actions->len, folders[i] ? 1 : 0);
        if (folders[i])
            assert_string_equal(((struct plan_action *)g_ptr_array_index(plan->actions, 0))->folder,
                                folders[i]);
    }
    sieve_program_free(program);
}

// What the host cannot do is not offered.
static void test_capabilities(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) names = sieve_capabilities(&fake);
    bool fileinto = false, include = false;
    for (guint i = 0; i < names->len; i++) {
        fileinto |= strcmp(g_ptr_array_index(names, i), "fileinto") == 0;
        include |= strcmp(g_ptr_array_index(names, i), "include") == 0;
    }
    assert_true(fileinto);
    assert_false(include);
}

// A script that nests as deep as it likes is refused, not run.
static void test_nesting_is_bounded(void **state)
{
    (void)state;
    struct sieve_host host = fake;
    struct sieve_program *program = NULL;
    g_autoptr(SieveDiagnostics) diagnostics = sieve_diagnostics_new();
    g_autoptr(GString) script = g_string_new("if ");
    for (guint i = 0; i < 100000; i++)
        g_string_append(script, "not ");
    g_string_append(script, "true { keep; }");
    assert_false(sieve_compile("s", script->str, script->len, &host, diagnostics, &program));
    assert_null(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_glob_is_bounded),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_one_address),
        cmocka_unit_test(test_addresses_are_bounded),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_program_is_reusable),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_nesting_is_bounded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
