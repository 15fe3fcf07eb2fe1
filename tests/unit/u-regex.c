// SPDX-License-Identifier: MIT
// base/regex.h: matches, groups, and patterns that would never end.
#include "base/regex.h"

#include "base/error.h"

#include <string.h>

#include "cm.h"

static enum regex_result search(const char *pattern, unsigned flags, const char *text, gsize size,
                                struct regex_span *spans, guint count)
{
    g_autoptr(Regex) regex = NULL;
    g_autoptr(GError) err = NULL;
    assert_true(regex_compile(pattern, -1, flags, &regex, &err));
    return regex_search(regex, text, size, 0, spans, count);
}

static void flags_do_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        unsigned flags;
        const char *text;
        enum regex_result wanted;
    } rows[] = {
        {"b", 0, "abc", REGEX_YES},
        {"B", 0, "abc", REGEX_NO},
        {"B", REGEX_CASELESS, "abc", REGEX_YES},
        {"^b", 0, "a\nb", REGEX_NO},
        {"^b$", REGEX_MULTILINE, "a\nb\nc", REGEX_YES},
        {"^b$", REGEX_MULTILINE, "a\r\nb\r\nc", REGEX_YES},
        {"^b$", REGEX_MULTILINE, "a\rb\rc", REGEX_YES},
        {"a.b", 0, "a\nb", REGEX_NO},
        {"a.b", REGEX_DOTALL, "a\nb", REGEX_YES},
        {"b", REGEX_ANCHORED, "ab", REGEX_NO},
        {"a b # c", REGEX_EXTENDED, "ab", REGEX_YES},
        {"^.$", REGEX_UTF, "\xc3\xbc", REGEX_YES},
        {"\xc3\x9c", REGEX_UTF | REGEX_CASELESS, "\xc3\xbc", REGEX_YES},
        {"b", REGEX_UTF,
         "\xff"
         "b",
         REGEX_YES},
        {"^.b", REGEX_UTF,
         "\xff"
         "b",
         REGEX_NO},
        {"", 0, "", REGEX_YES},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (search(rows[i].pattern, rows[i].flags, rows[i].text, strlen(rows[i].text), NULL, 0) !=
            rows[i].wanted)
            fail_msg("row %zu: /%s/", i, rows[i].pattern);
    }
    assert_int_equal(search("a.b", 0, "a\0b", 3, NULL, 0), REGEX_YES);
}

static void groups_are_told(void **state)
{
    (void)state;
    struct regex_span spans[4];
    assert_int_equal(search("(a)|(b)(?<n>c)", 0, "xbc", 3, spans, 4), REGEX_YES);
    assert_int_equal(spans[0].start, 1);
    assert_int_equal(spans[0].end, 3);
    assert_int_equal(spans[1].start, -1);
    assert_int_equal(spans[3].start, 2);
    g_autoptr(Regex) regex = NULL;
    g_autoptr(GError) err = NULL;
    assert_true(regex_compile("(a)(?<n>b)xyz", 10, 0, &regex, &err));
    assert_int_equal(regex_groups(regex), 2);
    assert_int_equal(regex_group_number(regex, "n"), 2);
    assert_int_equal(regex_group_number(regex, "m"), -1);
    assert_int_equal(regex_search(regex, "abab", 4, 1, spans, 1), REGEX_YES);
    assert_int_equal(spans[0].start, 2);
}

static void hostile_searches_end(void **state)
{
    (void)state;
    g_autofree char *text = g_strnfill(100000, 'a');
    static const char *const patterns[] = {"(a+)+b", "(a|aa)+$b", "(.*)*x(.*)*y", "^(?:(a)|b)*$c",
                                           "(?:(?R)a|a)+b"};
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        gint64 began = g_get_monotonic_time();
        assert_int_not_equal(search(patterns[i], 0, text, 100000, NULL, 0), REGEX_YES);
        assert_true(g_get_monotonic_time() - began < 20 * G_USEC_PER_SEC);
    }
    // And says which of them it gave up on.
    assert_int_equal(search("(a+)+b", REGEX_DOTALL, text, 40, NULL, 0), REGEX_NO);
    assert_int_equal(
        search("(x+x+)+y", 0, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxz", 41, NULL, 0), REGEX_NO);
    assert_int_equal(search("^(([a-z])+.)+[A-Z]([a-z])+$", 0, text, 100, NULL, 0), REGEX_LIMIT);
    // Some ten million steps, each cheap: it would come to an end, but not for a message.
    assert_int_equal(search("^(a|aa|b)+$", 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", 35, NULL, 0),
                     REGEX_LIMIT);
}

static void wrong_patterns_are_told(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(", "[", "*", "a{2,1}", "(?<1>a)", "\\C", "(?P"};
    for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
        struct regex *regex = NULL;
        g_autoptr(GError) err = NULL;
        if (regex_compile(patterns[i], -1, 0, &regex, &err))
            fail_msg("/%s/ compiles", patterns[i]);
        assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_SYNTAX));
        assert_non_null(strstr(err->message, "at character "));
        assert_null(regex);
    }
}

static void longest(const char *pattern, const char *text, const char *wanted)
{
    g_autoptr(Regex) regex = NULL;
    g_autoptr(GError) err = NULL;
    struct regex_span spans[4];
    assert_true(regex_compile(pattern, -1, REGEX_LONGEST | REGEX_UTF, &regex, &err));
    assert_int_equal(regex_search_longest(regex, text, strlen(text), spans, 4), REGEX_YES);
    g_autoptr(GString) found = g_string_new(NULL);
    for (guint i = 0; i < 4; i++)
        g_string_append_printf(found, "%d-%d ", (int)spans[i].start, (int)spans[i].end);
    assert_string_equal(found->str, wanted);
}

static void the_longest_match_is_found(void **state)
{
    (void)state;
    longest("a|ab", "xab", "1-3 -1--1 -1--1 -1--1 ");
    longest("(a|ab)(c|bcd)?(d*)", "abcd", "0-4 0-2 2-3 3-4 ");
    longest("a*(a|aa)", "aaa", "0-3 2-3 -1--1 -1--1 ");
    longest("(?:x|(y))\\z|x", "xy", "0-1 -1--1 -1--1 -1--1 ");
    longest("\xc3\xa4|\xc3\xa4+b",
            "\xc3\xa4\xc3\xa4"
            "b",
            "0-5 -1--1 -1--1 -1--1 ");
    // Neither a long text nor many ways to match take long.
    g_autofree char *text = g_strnfill(1000000, 'a');
    g_autoptr(Regex) regex = NULL;
    struct regex_span span;
    gint64 began = g_get_monotonic_time();
    assert_true(regex_compile("(a|aa)*(a|aaa)*|b", -1, REGEX_LONGEST, &regex, NULL));
    assert_int_not_equal(regex_search_longest(regex, text, 1000000, &span, 1), REGEX_NO);
    assert_true(g_get_monotonic_time() - began < 10 * G_USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_do_what_they_say),     cmocka_unit_test(groups_are_told),
        cmocka_unit_test(hostile_searches_end),       cmocka_unit_test(wrong_patterns_are_told),
        cmocka_unit_test(the_longest_match_is_found),
    };
    return tap_run(tests);
}
