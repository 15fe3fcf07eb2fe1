// SPDX-License-Identifier: MIT
// base/text.h: what goes into logs is one printable line, globs match what they say.
#include "base/text.h"

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void printable_is_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
        gssize length;
        gsize max;
    } rows[] = {
        {"plain", "plain", -1, 100},
        {"two\r\n lines", "two lines", -1, 100},
        {"bell\a", "bell?", -1, 100},
        {"bad \xff byte", "bad ? byte", -1, 100},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", -1, 100},
        {"cut here", "cut", 3, 100},
        {NULL, "", -1, 100},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = text_printable(rows[i].text, rows[i].length, rows[i].max);
        assert_string_equal(got, rows[i].wanted);
    }
    g_autofree char *cut = text_printable("0123456789", -1, 9);
    assert_true(g_str_has_suffix(cut, "..."));
    assert_true(g_str_has_prefix(cut, "0"));
}

static void glob_matches(void **state)
{
    (void)state;
    assert_true(text_glob("*.example.org", "MX1.Example.Org"));
    assert_true(text_glob("mx?.example.org", "mx1.example.org"));
    assert_false(text_glob("mx?.example.org", "mx.example.org"));
    assert_true(text_glob("*", ""));
    assert_false(text_glob("a*b", "acbc"));
    assert_true(text_glob("a*b*c", "a-b-b-c"));
}

static void domain_is_behind_the_last_at(void **state)
{
    (void)state;
    assert_string_equal(text_domain_of("a@b@example.org"), "example.org");
    assert_null(text_domain_of("nobody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_is_one_line),
        cmocka_unit_test(glob_matches),
        cmocka_unit_test(domain_is_behind_the_last_at),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
