// SPDX-License-Identifier: MIT
// bounce/: rule files and their errors, phrases, header blocks in running text, status parts,
// traits.
#include "bounce/block.h"
#include "bounce/opening.h"
#include "bounce/quote.h"
#include "bounce/rule.h"
#include "bounce/status.h"

#include <string.h>

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_same_phrases(const struct rule *rule, const GArray *one, const GArray *other)
{
    assert_int_equal(one ? one->len : 0, other ? other->len : 0);
    for (guint i = 0; one && i < one->len; i++) {
        const char *text = g_array_index(one, struct phrase_test, i).text;
        const char *folded = g_array_index(other, struct phrase_test, i).text;
        if (g_strcmp0(text, folded) != 0)
            fail_msg("[%s]: write \"%s\" as \"%s\"", rule->name, text, folded);
    }
}

// The loader takes the built-in files' phrases as they stand: they have to be what it would make of
// those of a site.
static void builtin_phrases_are_folded(void **state)
{
    (void)state;
    for (const struct builtin_rules *at = builtin_rules; at->file; at++) {
        g_autoptr(BounceRules) fast = bounce_rules_new();
        g_autoptr(BounceRules) slow = bounce_rules_new();
        assert_true(rule_file_parse(fast, at->file, at->text, 50, false, NULL));
        assert_true(rule_file_parse(slow, at->file, at->text, 50, true, NULL));
        assert_int_equal(fast->rules->len, slow->rules->len);
        for (guint i = 0; i < fast->rules->len; i++) {
            const struct rule *rule = g_ptr_array_index(fast->rules, i);
            const struct rule *other = g_ptr_array_index(slow->rules, i);
            for (guint n = 0; n < rule->conditions->len; n++) {
                const struct condition *mine = g_ptr_array_index(rule->conditions, n);
                const struct condition *its = g_ptr_array_index(other->conditions, n);
                assert_same_phrases(rule, mine->any, its->any);
            }
            assert_same_phrases(rule, rule->delay, other->delay);
            assert_same_phrases(rule, rule->success, other->success);
        }
    }
}

static void builtin_rules_are_sound(void **state)
{
    (void)state;
    guint files = 0;
    for (const struct builtin_rules *at = builtin_rules; at->file; at++, files++) {
        g_autoptr(BounceRules) rules = bounce_rules_new();
        g_autoptr(GError) err = NULL;
        if (!rule_file_parse(rules, at->file, at->text, 50, true, &err))
            fail_msg("%s", err->message);
        assert_true(rules->rules->len > 0);
    }
    assert_true(files >= 9);
}

static void errors_name_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *begins;
    } rows[] = {
        {"body = x\n", "f:1: a key before the first group"},
        {"[a]\n\n# c\nfoo = 1\n", "f:4: unknown key \"foo\""},
        {"[a]\nclass = bounce\n", "f:2: \"bounce\" is no class"},
        {"[a]\nwriter = anyone\nwords = own\nbody = words\nregex-subject = (\n",
         "f:5: regex-subject: "},
        {"[a]\nrecipient = (\nwriter = anyone\nwords = own\nbody = words\n", "f:2: recipient: "},
        {"[a\n", "f:1: \"[a\" is not a group"},
        {"[a]\nbody\n", "f:2: \"body\" is neither"},
        {"[a]\nbody =\n", "f:2: \"body\" has no value"},
        {"[a]\nclass = mdn\n[b]\nbody = x\n", "f:1: rule [a] has no condition"},
        {"[a]\nstatus = maybe\n", "f:2: \"maybe\" is not yes or no"},
        {"[a]\norder = x\n", "f:2: order \"x\""},
        {"[a]\nbody = \xff\n", "f:2: the line is not UTF-8"},
        {"[a]\nbody = x |  | y\n", "f:2: an empty phrase"},
        {"[a]\nheader.x-a = *\n", "f:1: rule [a] does not say who can have written"},
        {"[a]\nwriter = unnamed\nbody = x\n", "f:1: rule [a] does not say where its words"},
        {"[a]\nwriter = god\n", "f:2: \"god\" is no writer"},
        {"[a]\nwords = here\n", "f:2: words \"here\""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(BounceRules) rules = bounce_rules_new();
        g_autoptr(GError) err = NULL;
        if (rule_file_parse(rules, "f", rows[i].text, 5, true, &err))
            fail_msg("taken as sound: %s", rows[i].text);
        if (!g_str_has_prefix(err->message, rows[i].begins))
            fail_msg("got: %s, wanted: %s", err->message, rows[i].begins);
        assert_int_equal(rules->rules->len, 0);
    }
}

static struct report *classify(const char *rule_text, const char *mail)
{
    g_autoptr(BounceRules) rules = bounce_rules_new();
    g_autoptr(GError) err = NULL;
    if (!rule_file_parse(rules, "f", rule_text, 5, true, &err))
        fail_msg("%s", err->message);
    rules_finish(rules);
    struct bounce_settings settings = {.trace = true};
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    g_autoptr(Message) message = message_new(bytes);
    return bounce_classify(rules, &settings, message, NULL);
}

#define DAEMON "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nTo: a@b.example\n"

static void conditions_hold_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *mail;
        bool matches;
    } rows[] = {
        {"body = Could not", DAEMON "\nIt COULD\n  not be\n", true},
        {"body = could & not be", DAEMON "\nIt could not be\n", true},
        {"body = could & nor be", DAEMON "\nIt could not be\n", false},
        {"body = nein | could not", DAEMON "\nIt could not be\n", true},
        {"body[de] = nein\nbody = no", DAEMON "\nnein danke\n", true},
        {"body = nein & danke | could & not be", DAEMON "\nIt could not be\n", true},
        {"body = could & nein | nein & could", DAEMON "\nIt could not be\n", false},
        {"body = could & not be | nein", DAEMON "\nIt could not be\n", true},
        {"body = \xc3\x9cNTER | \xc4\xb0zmir", DAEMON "\n\xc3\xbcnter\n", true},
        {"body = r&d | x|y", DAEMON "\nx|y\n", true}, // signs without blanks are words
        {"from = @null", "Return-Path: <>\nFrom: carl@x.example\n\nx\n", true},
        {"from = @null & paul", "Return-Path: <>\nFrom: carl@x.example\n\nx\n", false},
        {"from = paul | @null", "Return-Path: <>\nFrom: carl@x.example\n\nx\n", true},
        {"body = ab", DAEMON "\nxaby\n", true}, // shorter than the phrase table takes
        {"subject = ^undeliv", DAEMON "Subject: Undelivered\n\nx\n", true},
        {"subject = ^undeliv", DAEMON "Subject: Re: Undelivered\n\nx\n", false},
        {"subject = mail$", DAEMON "Subject: returned mail\n\nx\n", true},
        {"header.x-a = *", DAEMON "X-A: 1\n\nx\n", true},
        {"not-header.x-a = *\nfrom = @daemon", DAEMON "X-A: 1\n\nx\n", false},
        {"sender = <>", DAEMON "\nx\n", true},
        {"sender = <>", "Return-Path: <a@b>\nFrom: MAILER-DAEMON@x\n\nx\n", false},
        {"regex-body = ^x+$", DAEMON "\nxxx\n", true},
        {"regex-subject = \\d{3}", DAEMON "Subject: 12\n\nx\n", false},
        {"type = multipart/*", DAEMON "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n",
         true},
        {"part = text/plain", DAEMON "\nx\n", true},
        {"body = hello", "From: carl@x.example\nSubject: Undeliverable\n\nhello\n", false},
        {"body = hello\nany-mail = yes", "From: carl@x.example\nSubject: Undeliverable\n\nhello\n",
         true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "[r]\nclass = mdn\nwriter = anyone\nwords = anywhere\n%s\n", rows[i].rule);
        g_autoptr(Report) report = classify(text, rows[i].mail);
        if ((report->class == BOUNCE_MDN) != rows[i].matches)
            fail_msg("row %zu: %s", i, rows[i].rule);
    }
}

static void rule_replaces_its_namesake(void **state)
{
    (void)state;
    g_autoptr(BounceRules) rules = bounce_rules_new();
    g_autoptr(GError) err = NULL;
    assert_true(rule_file_parse(
        rules, "a",
        "[x]\nwriter = anyone\nwords = own\nbody = one\n[y]\nclass = none\nbody = two\n", 50, true,
        &err));
    assert_true(rule_file_parse(rules, "b", "[x]\nclass = none\nbody = three\n", 5, true, &err));
    rules_finish(rules);
    assert_int_equal(rules->rules->len, 2);
    const struct rule *first = g_ptr_array_index(rules->rules, 0);
    assert_string_equal(first->file, "b");
    assert_int_equal(first->class, BOUNCE_NONE);
}

static void rule_takes_recipients(void **state)
{
    (void)state;
    g_autoptr(Report) report =
        classify("[r]\nwriter = anyone\nwords = own\nbody = failed\n"
                 "recipient = ^to <(?<recipient>[^>]+)> (?<diagnostic>.+)$\n"
                 "original-after = ^-- old mail\nreporting-mta = ^I am (\\S+)\n",
                 DAEMON "\nI am mx.example\nfailed:\nto <one@x.example> 550 5.1.1 no\n"
                        "to <two@x.example> later\n-- old mail\nFrom: a@b.example\nX: y\n\nbody\n");
    assert_int_equal(report->recipients->len, 2);
    const struct report_recipient *one = g_ptr_array_index(report->recipients, 0);
    assert_string_equal(one->final, "one@x.example");
    assert_string_equal(one->diagnostic, "550 5.1.1 no");
    assert_string_equal(report->reporting_mta, "mx.example");
    assert_string_equal(report->original.from, "a@b.example");
}

static void phrases_are_all_found(void **state)
{
    (void)state;
    struct phrases *phrases = phrases_new();
    g_autofree char *text = NULL;
    GString *all = g_string_new(NULL);
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < 2000; i++) {
        char *phrase = g_strdup_printf("words number %u of many", i * 7919);
        g_ptr_array_add(kept, phrase);
        assert_int_equal(phrases_add(phrases, phrase, strlen(phrase)), i);
        if (i % 3 == 0)
            g_string_append_printf(all, "%s. ", phrase);
    }
    for (guint i = 0; i < 2000; i++) {
        const char *phrase = g_ptr_array_index(kept, i);
        assert_int_equal(phrases_add(phrases, phrase, strlen(phrase)), i);
    }
    text = g_string_free(all, FALSE);
    g_autofree guint8 *found = phrases_scan(phrases, text, strlen(text));
    for (guint i = 0; i < 2000; i++)
        assert_int_equal(found[i], i % 3 == 0);
    phrases_free(phrases);
}

// In its place a text is folded as elsewhere, or left as it was.
static void phrases_are_folded_in_place(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "Could  NOT\tbe ", "a\xc2\xa0\xc2\xa0 b\xc2\xa0"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        gsize length = 0;
        g_autofree char *text = g_strdup(texts[i]);
        g_autofree char *folded = phrase_fold(texts[i], -1, NULL);
        assert_true(phrase_fold_in_place(text, strlen(text), &length));
        assert_string_equal(text, folded);
        assert_int_equal(length, strlen(folded));
    }
    for (gunichar c = 0x80; c < 0x1f000; c++) {
        if (!g_unichar_validate(c))
            continue;
        gsize length = 0;
        char text[8] = {0}, was[8] = {0};
        g_unichar_to_utf8(c, text);
        g_unichar_to_utf8(c, was);
        g_autofree char *folded = phrase_fold(was, -1, NULL);
        bool done = phrase_fold_in_place(text, strlen(text), &length);
        assert_string_equal(text, done ? folded : was);
    }
}

static void blocks_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *begins;
    } rows[] = {
        {"words\n\nReceived: x\nFrom: a\nMessage-ID: <m>\nSubject: s\n\nbody", "Received: x\n"},
        {"words\n> Received: x\n>  folded\n> Message-ID: <m>\n> From: a\n", "Received: x\n folded"},
        // a list of facts is no mail
        {"Reporting-MTA: dns; x\nFinal-Recipient: rfc822; y\nAction: failed\nStatus: 5.0.0\n",
         NULL},
        {"Note: the words\nSubject: nothing\n", NULL},
        // Exchange loses the blanks that fold
        {"DKIM-Signature: v=1;\ns=x;\nReceived: from y\nby z\nMessage-ID: <m>\nFrom: a\n",
         "DKIM-Signature: v=1;\n\ts=x;\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct header_block block = {0};
        gsize length = strlen(rows[i].text);
        bool found = header_block_find(rows[i].text, length, 0, &block);
        assert_int_equal(found, rows[i].begins != NULL);
        if (!found)
            continue;
        g_autoptr(GBytes) taken = header_block_take(rows[i].text, length, &block, true);
        g_free(block.prefix);
        gsize size = 0;
        const char *data = g_bytes_get_data(taken, &size);
        assert_true(size >= strlen(rows[i].begins));
        assert_memory_equal(data, rows[i].begins, strlen(rows[i].begins));
    }
}

static void status_codes_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"550 5.1.1 unknown", "5.1.1"},
        {"(#4.4.2)", "4.4.2"},
        {"192.5.1.1", NULL},
        {"version 5.1", NULL},
        {"5.1.1.2", NULL},
        {"3.1.1", NULL},
        {"X5.1.1", NULL},
        {"see 5.7.509.", "5.7.509"},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = status_code_in(rows[i].text);
        if (g_strcmp0(got, rows[i].wanted) != 0)
            fail_msg("%s: %s", rows[i].text, got);
    }
}

static void status_parts_are_read(void **state)
{
    (void)state;
    static const char text[] = "Reporting-MTA: dns; mx.example\n\n"
                               "Original-Recipient: rfc822;alias@x.example\n"
                               "Final-Recipient: rfc822;one@x.example\nAction: failed\n"
                               "Status: 5.1.1 (gone)\nDiagnostic-Code: smtp; 550\n folded\n"
                               "Final-Recipient: LOCAL; two\nAction: delivered\n\nnonsense\n\n"
                               "Final-Recipient: rfc822; <three@x.example>\nAction: Delayed\n";
    g_autoptr(Report) report = report_new();
    assert_int_equal(status_read(report, text, sizeof text - 1), 3);
    const struct report_recipient *one = g_ptr_array_index(report->recipients, 0);
    const struct report_recipient *three = g_ptr_array_index(report->recipients, 2);
    assert_string_equal(report->reporting_mta, "mx.example");
    assert_string_equal(one->original, "alias@x.example");
    assert_string_equal(one->status, "5.1.1");
    assert_string_equal(one->diagnostic, "550 folded");
    assert_string_equal(three->final, "three@x.example");
    assert_string_equal(three->action, "delayed");
    enum bounce_class class = BOUNCE_NONE;
    assert_true(status_class(report, &class));
    assert_int_equal(class, BOUNCE_DSN_FAILURE);
}

static void traits_let_plain_mail_pass(void **state)
{
    (void)state;
    static const struct {
        const char *mail;
        bool trait;
    } rows[] = {
        {"From: carl@x.example\nSubject: hello\nAuto-Submitted: no\n\nUndeliverable\n", false},
        {"From: carl@x.example\nSubject: Re: lunch\nX-SpamReason: none\n\nx\n", false},
        {"From: carl@x.example\nX-SpamReason: a,\n\tml_is_possible_bounce\n\nx\n", true},
        {"Return-Path: <>\n\nx\n", true},
        {"From: <>\n\nx\n", true},
        {"Subject: Undelivered Mail\n\nx\n", true},
        {"Subject: =?utf-8?B?6YCA5L+h6YCa55+l?=\n\nx\n", true},
        {"Content-Type: multipart/report\n\nx\n", true},
        {"Auto-Submitted: auto-replied\n\nx\n", true},
        {"From: carl@x.example\nPrecedence: junk\n\nI am away\n", true},
        {"Precedence: bulk\nList-Id: <cooks.x.example>\n\nx\n", false},
        {"Precedence: list\n\nx\n", false},
        {"Delivered-To: Autoresponder\n\nx\n", true},
        {"Message-ID: <cmu-sieve-1-2-0@x.example>\n\nx\n", true},
        {"Content-Type: text/plain; charset=\"koi8-r\"\nSubject: "
         "\xe1\xd7\xd4\xcf\xcf\xd4\xd7\xc5\xd4\n\nx\n",
         true},
        {"\nno header\n", false},
    };
    struct bounce_settings settings = {0};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(rows[i].mail, strlen(rows[i].mail));
        g_autoptr(Message) message = message_new(bytes);
        if (bounce_has_trait(&settings, message, NULL) != rows[i].trait)
            fail_msg("%s", rows[i].mail);
    }
}

static void quotations_are_found(void **state)
{
    (void)state;
    static const char *const quoted[] = {
        "> Hi. This is the qmail-send program\n",
        "-----Original Message-----\n",
        "---------- Forwarded message ---------\n",
        "-----Ursprüngliche Nachricht-----\n",
        "________ Messaggio originale ________\n",
        "Begin forwarded message:\n",
        "On Monday Jane Doe <jane@friend.example> wrote:\n",
        "Am 2.11.2026 um 10:00 schrieb Jane Doe:\n",
        "Le lundi 2 novembre, Jane a écrit :\n",
        "2 ноября 2026 г. Jane написал(а):\n",
        "2026年11月2日 Jane 写道：\n",
        "  El lun, 2 nov Jane escribió:\n",
    };
    static const char *const own[] = {
        ">>> RCPT To:<carl@far.example>\n",
        "<<< 550 5.1.1 User unknown\n",
        "----- The following addresses had permanent fatal errors -----\n",
        "host mx.far.example said:\n",
        "------ This is a copy of the message, including all the headers. ------\n",
        "<carl@far.example>:\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(quoted); i++) {
        g_autofree char *text = g_strconcat("Look:\n", quoted[i], "x\n", NULL);
        if (quote_find(text, strlen(text)) != 6)
            fail_msg("not found: %s", quoted[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(own); i++) {
        if (quote_find(own[i], strlen(own[i])) != strlen(own[i]))
            fail_msg("taken for a quotation: %s", own[i]);
    }
    const char *html = "<p>Look</p><blockquote type=cite>x</blockquote>";
    assert_int_equal(quote_find_html(html, strlen(html)), 11);
    html = "<p>Look</p><div class=\"gmail_quote\">x</div>";
    assert_int_equal(quote_find_html(html, strlen(html)), 11);
    assert_int_equal(quote_find_html("<p>x</p>", 8), 8);
}

static void opening_is_the_first_paragraph(void **state)
{
    (void)state;
    static const struct {
        const char *text, *opening;
    } rows[] = {
        {"This is the mail system.\n\nIt failed.\n", "This is the mail system.\n"},
        {"\n\n*** NOTICE ***\n\nIt failed.\n\nMore.\n", "\n\n*** NOTICE ***\n\nIt failed.\n"},
        {"Dear Alice,\n\nI got this\n\nIt failed.\n", "Dear Alice,\n\nI got this\n"},
        {"Hi. This is the qmail-send program\n\nx\n", "Hi. This is the qmail-send program\n"},
        {"Mail failed\n\nIt failed.\n\nx\n", "Mail failed\n\nIt failed.\n"},
        {"", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize length = opening_length(rows[i].text, strlen(rows[i].text), "mail failed");
        if (length != strlen(rows[i].opening))
            fail_msg("%zu bytes of: %s", length, rows[i].text);
    }
}

static struct report *classify_builtin(const char *text, bool explain)
{
    struct bounce_settings settings = {.trace = explain};
    const struct envelope envelope = {.sender = (char *)"ann@example.net"};
    g_autoptr(BounceRules) rules = bounce_rules_load(NULL, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(Message) message = message_new(bytes);
    return bounce_classify(rules, &settings, message, &envelope);
}

// Whoever asks for a report's original must not be told of what somebody has only passed on.
static void letters_report_nothing_of_what_they_enclose(void **state)
{
    (void)state;
    g_autoptr(Report) report =
        classify_builtin("From: Ann <ann@example.net>\nTo: bob@example.org\n"
                         "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
                         "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
                         "Hi Bob, what do you make of this?\n\nAnn\n"
                         "--b\nContent-Type: message/rfc822\n\nFrom: x@example.com\n"
                         "Message-ID: <inner@example.com>\nSubject: q\n\nhello\n--b--\n",
                         false);
    assert_int_equal(report->class, BOUNCE_NONE);
    assert_null(report->original.message_id);
    assert_int_equal(report->original.fields->len, 0);
    assert_string_equal(report->original.where, "none");
}

static void mail_without_a_trait_is_tried_by_no_rule(void **state)
{
    (void)state;
    g_autoptr(Report) report =
        classify_builtin("From: Ann <ann@example.net>\nSubject: lunch\n\nAt one?\n", true);
    assert_int_equal(report->class, BOUNCE_NONE);
    assert_int_equal(report->trace->len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_rules_are_sound),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(conditions_hold_or_not),
        cmocka_unit_test(rule_replaces_its_namesake),
        cmocka_unit_test(rule_takes_recipients),
        cmocka_unit_test(phrases_are_all_found),
        cmocka_unit_test(phrases_are_folded_in_place),
        cmocka_unit_test(blocks_are_found),
        cmocka_unit_test(status_codes_are_found),
        cmocka_unit_test(status_parts_are_read),
        cmocka_unit_test(traits_let_plain_mail_pass),
        cmocka_unit_test(quotations_are_found),
        cmocka_unit_test(opening_is_the_first_paragraph),
        cmocka_unit_test(builtin_phrases_are_folded),
        cmocka_unit_test(letters_report_nothing_of_what_they_enclose),
        cmocka_unit_test(mail_without_a_trait_is_tried_by_no_rule),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
