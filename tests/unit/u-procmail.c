// SPDX-License-Identifier: MIT
// procmail's engine without a world: expressions, words, conditions, scores, the flow of recipes.
#include "procmail/rc-message.h"
#include "procmail/rc-procmail.h"

#include "procmail/rc-check.h"
#include "procmail/rc-regex.h"
#include "procmail/translate/translate.h"

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../procmail/fake-host.h"

#include <cmocka.h>

static const char message[] = "From cora@example.com  Thu Jan  1 00:00:00 2015\n"
                              "From: cora@example.com\nTo: bob@example.org\n"
                              "Subject: the invoice\nX-Long: one\n two\n\nline 1\nline 2\n";

static void test_expressions(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool found;
        const char *match; // what "\/" cuts out, or NULL
    } cases[] = {
        {"abc", "xABCx", true, NULL},
        {"^b", "a\nb", true, NULL},
        {"a$b", "a\nb", true, NULL},
        {"^^b", "a\nb", false, NULL},
        {"b^^", "a\nb", true, NULL},
        {"a^^", "a\nb", false, NULL},
        {"\\<foo\\>", "foo", true, NULL},
        {"()\\<oo", "foo", false, NULL},
        {"a{2}", "aa", false, NULL},
        {"a{2}", "a{2}", true, NULL},
        {"[]x]", "]", true, NULL},
        {"[^a]", "\n", false, NULL},
        {"a**", "aa*", true, NULL},
        {"x(a|b", "xb", true, NULL},
        {"s: \\/.*", "s: a b\nc", true, "a b"},
        {"e.*\\/e.*", "eaebe", true, "ebe"},
        {"k=\\/[^;]*", "k=v;", true, "v"},
        {"(a|b)\\/c*", "bccc", true, "ccc"},
    };
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool invalid;
        struct rc_match match;
        g_autoptr(RcRegex) regex = rc_regex_new(cases[i].pattern, true, &invalid);
        bool found = rc_regex_search(regex, cases[i].text, strlen(cases[i].text), 0, &match);
        if (found != cases[i].found)
            fail_msg("%s on %s", cases[i].pattern, cases[i].text);
        if (cases[i].match) {
            g_autofree char *got = g_strndup(cases[i].text + match.from, match.to - match.from);
            assert_true(match.captured);
            assert_string_equal(got, cases[i].match);
        }
    }
}

// What makes a backtracking matcher run for years.
static void test_expression_is_linear(void **state)
{
    (void)state;
    bool invalid;
    struct rc_match match;
    g_autofree char *text = g_strnfill(200000, 'a');
    g_autoptr(RcRegex) regex = rc_regex_new("(a*)*(a|aa)+(a*)*b", true, &invalid);
    assert_false(rc_regex_search(regex, text, strlen(text), 0, &match));
    g_autofree char *deep = g_strnfill(100000, '(');
    rc_regex_free(rc_regex_new(deep, true, &invalid));
    assert_true(invalid);
}

struct outcome {
    struct fake_host fake;
    struct rc_engine *engine;
    enum rc_end end;
};

static void run(struct outcome *outcome, const char *rc)
{
    outcome->engine = rc_engine_new(&outcome->fake.host);
    rc_engine_message(outcome->engine, g_strdup(message), strlen(message), false);
    outcome->end = rc_engine_run(outcome->engine, "rc", rc, strlen(rc));
}

static void done(struct outcome *outcome)
{
    rc_engine_free(outcome->engine);
    fake_host_clear(&outcome->fake);
}

static void expect_deliveries(const char *rc, enum rc_end end, const char *deliveries)
{
    struct outcome outcome;
    fake_host_init(&outcome.fake);
    run(&outcome, rc);
    if (outcome.end != end || strcmp(outcome.fake.deliveries->str, deliveries) != 0)
        fail_msg("%s\nends %d, delivers:\n%s", rc, (int)outcome.end, outcome.fake.deliveries->str);
    done(&outcome);
}

static void test_flow(void **state)
{
    (void)state;
    expect_deliveries(":0\n* ^Subject: the\na\n:0\nb\n", RC_DELIVERED, "a\n");
    expect_deliveries(":0 c\na\n:0\nb\n", RC_DELIVERED, "a\nb\n");
    expect_deliveries(":0\n* ^Subject: other\na\n", RC_FELL_OFF, "");
    expect_deliveries(":0 c\n* ^X-No\na\n:0 E\nb\n", RC_DELIVERED, "b\n");
    expect_deliveries(":0 c\n* ^Subject\na\n:0 A\nb\n", RC_DELIVERED, "a\nb\n");
    expect_deliveries(":0 c\n* ^X-No\na\n:0 A\nb\n:0\nc\n", RC_DELIVERED, "c\n");
    expect_deliveries(":0\n{\n V=x\n :0 c\n a$V\n}\n:0\nb\n", RC_DELIVERED, "ax\nb\n");
    expect_deliveries(":0\n* ^X-Long: one  two\nfolded\n", RC_DELIVERED, "folded\n");
    expect_deliveries(":0 B\n* ^line 2$\nbody\n", RC_DELIVERED, "body\n");
    expect_deliveries("HOST=elsewhere\n:0\na\n", RC_STOPPED, "");
    expect_deliveries(":0\n* ^Subject: the \\/.*\n{ }\n:0\nbox-$MATCH\n", RC_DELIVERED,
                      "box-invoice\n");
}

static void test_failed_delivery_goes_on(void **state)
{
    struct outcome outcome;
    (void)state;
    fake_host_init(&outcome.fake);
    outcome.fake.refuse = "full";
    run(&outcome, ":0\nfull\n:0 e\nrescue\n");
    assert_int_equal(outcome.end, RC_DELIVERED);
    assert_string_equal(outcome.fake.deliveries->str, "rescue\n");
    done(&outcome);
}

static void test_scores(void **state)
{
    static const struct {
        const char *conditions, *score;
    } cases[] = {
        {"* 1^1 i", "2"},       {"* 2^.5 i", "3"},          {"* 5^0 ^Subject\n* -2^0 ^From", "3"},
        {"* 7^0 ! ^X-No", "7"}, {"* 1^1 x*", "2147483647"}, {"* .5^0 ^Subject", "1"},
    };
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct outcome outcome;
        g_autofree char *rc = g_strdup_printf(":0\n%s\n{ }\nS=$=\n", cases[i].conditions);
        fake_host_init(&outcome.fake);
        run(&outcome, rc);
        if (strcmp(rc_engine_value(outcome.engine, "S"), cases[i].score) != 0)
            fail_msg("%s: %s", cases[i].conditions, rc_engine_value(outcome.engine, "S"));
        done(&outcome);
    }
}

static void test_values(void **state)
{
    static const struct {
        const char *rc, *value;
    } cases[] = {
        {"V=\"a b\"c", "a bc"},      {"V='a $HOME'", "a $HOME"},
        {"V=${X:-${Y:-q}}w", "qw"},  {"X=1\nV=\"${X:+a b}\"", "a b"},
        {"V=a\\ b", "a b"},          {"W=1 V=2", "2"},
        {"V=a#b #c", "a#b"},         {"X='a.b'\nV=$\\X", "()a\\.b"},
        {"V=`anything`", "printed"}, {"V=a${X:=d}b", "ad}b"},
    };
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct outcome outcome;
        g_autofree char *rc = g_strconcat(cases[i].rc, "\n", NULL);
        fake_host_init(&outcome.fake);
        outcome.fake.output = "printed\n\n";
        run(&outcome, rc);
        const char *value = rc_engine_value(outcome.engine, "V");
        if (!value || strcmp(value, cases[i].value) != 0)
            fail_msg("%s: %s", cases[i].rc, value ? value : "(unset)");
        done(&outcome);
    }
}

// Nothing that includes, switches to or nests itself keeps the mail waiting for ever.
static void test_runaway(void **state)
{
    struct outcome outcome;
    (void)state;
    fake_host_init(&outcome.fake);
    outcome.fake.files = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(outcome.fake.files, (char *)"me", (char *)"INCLUDERC=me\nSWITCHRC=me\n");
    run(&outcome, "INCLUDERC=me\n:0\na\n");
    assert_non_null(strstr(outcome.fake.log->str, "Too many"));
    done(&outcome);
    GString *deep = g_string_new(NULL);
    for (int i = 0; i < 10000; i++)
        g_string_append(deep, ":0\n{\n");
    fake_host_init(&outcome.fake);
    run(&outcome, deep->str);
    done(&outcome);
    g_string_free(deep, TRUE);
}

static void test_translation(void **state)
{
    static const char rc[] = ":0\n* ^Subject:.*invoice\nBills/\n:0\n* ^X-No\n* anywhere\nx\n";
    struct rc_translation translation;
    (void)state;
    rc_translate("rc", rc, strlen(rc), &translation);
    assert_non_null(strstr(translation.script, "if header :contains [\"Subject\"] \"invoice\" {"));
    assert_non_null(strstr(translation.script, "fileinto :create \"Bills\";"));
    assert_non_null(strstr(translation.script, "# not translated"));
    assert_int_equal(translation.remarks->len, 2); // ^X-No differs, "anywhere" is lost
    rc_translation_clear(&translation);
}

// A message of 5 GiB, of which only the header is there: looking for folded header lines touches
// nothing else, and no size is cut to 32 bits.
static void header_of_a_huge_message(void **state)
{
    (void)state;
    const gsize huge = (gsize)5 << 30;
    char data[] = "A: b\n c\n\nbody";
    struct rc_message mail = {0};
    rc_message_set(&mail, g_strdup(data), strlen(data));
    mail.size = huge;
    gsize size = 0;
    const char *head = rc_message_search_part(&mail, RC_HEAD, &size);
    assert_int_equal(size, strlen("A: b\n c\n\n"));
    assert_memory_equal(head, "A: b  c\n\n", size);
    assert_ptr_equal(rc_message_part(&mail, RC_BODY, &size), mail.data + mail.body);
    assert_true(size == huge - mail.body);
    mail.size = strlen(data);
    rc_message_search_part(&mail, RC_WHOLE, &size);
    assert_int_equal(size, strlen(data));
    rc_message_clear(&mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_of_a_huge_message),
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_expression_is_linear),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_failed_delivery_goes_on),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_runaway),
        cmocka_unit_test(test_translation),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
