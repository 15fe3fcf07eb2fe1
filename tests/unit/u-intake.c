// SPDX-License-Identifier: MIT
// message/intake.h: envelopes as MTAs tell them, arrival times, the lines in front, fingerprints.
#include "message/intake.h"

#include <stdlib.h>
#include <string.h>

#include "cm.h"

static struct message *of(const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return message_new(bytes);
}

static const char *const variables[] = {"SENDER",         "RECIPIENT",   "ORIGINAL_RECIPIENT",
                                        "EXTENSION",      "EXT",         "LOCAL_PART_SUFFIX",
                                        "LOCAL",          "HOST",        "LOCAL_PART",
                                        "CLIENT_ADDRESS", "CLIENT_HELO", "CLIENT_HOSTNAME",
                                        "DOMAIN"};

static int clear_environment(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++)
        unsetenv(variables[i]);
    return 0;
}

struct row {
    const char *environment; // "A=b C=d"
    const char *text;
    struct intake_options options;
    const char *sender, *recipient, *original, *extension;
};

static void envelopes_of_mtas(void **state)
{
    static const struct row rows[] = {
        {"SENDER=a@b RECIPIENT=c+x@d EXTENSION=x ORIGINAL_RECIPIENT=o@d DOMAIN=d LOCAL=c+x",
         "",
         {0},
         "a@b",
         "c+x@d",
         "o@d",
         "x"},
        {"SENDER=MAILER-DAEMON RECIPIENT=c@d", "", {0}, "", "c@d", NULL, NULL},
        {"SENDER=a@b LOCAL_PART=c DOMAIN=d LOCAL_PART_SUFFIX=-x",
         "",
         {0},
         "a@b",
         "c@d",
         NULL,
         "-x"},
        {"SENDER= LOCAL_PART=c DOMAIN=d", "", {0}, "", "c@d", NULL, NULL},
        {"SENDER=a@b LOCAL=c-x HOST=d EXT=x", "", {0}, "a@b", "c-x@d", NULL, "x"},
        {"", "", {"<a@b>", "<c@d>", "<o@d>", false, false}, "a@b", "c@d", "o@d", NULL},
        {"", "", {NULL, NULL, "o@d", false, false}, NULL, "o@d", "o@d", NULL},
        {"SENDER=x@y RECIPIENT=z@y", "", {"<>", "c@d", NULL, false, false}, "", "c@d", NULL, NULL},
        {"", "", {"mailer-daemon", NULL, NULL, false, false}, "", NULL, NULL, NULL},
        {"",
         "",
         {"MAILER-DAEMON@b", NULL, NULL, false, false},
         "MAILER-DAEMON@b",
         NULL,
         NULL,
         NULL},
        {"",
         "From a@b Thu Jan  1 00:00:00 1970\nReturn-Path: <x@y>\n\n",
         {0},
         "a@b",
         NULL,
         NULL,
         NULL},
        {"", "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n\n", {0}, "", NULL, NULL, NULL},
        {"", "Return-Path: <x@y>\n\n", {0}, "x@y", NULL, NULL, NULL},
        {"", "Return-Path: <>\n\n", {0}, "", NULL, NULL, NULL},
        {"", "From \nA: b\n\n", {0}, NULL, NULL, NULL, NULL},
        {"LOCAL_PART=c", "", {0}, NULL, NULL, NULL, NULL},
        {"", "", {0}, NULL, NULL, NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        clear_environment(state);
        g_auto(GStrv) words = g_strsplit(rows[i].environment, " ", -1);
        for (char **word = words; *word; word++) {
            char *equals = strchr(*word, '=');
            *equals = '\0';
            setenv(*word, equals + 1, 1);
        }
        g_autoptr(Message) message = of(rows[i].text);
        struct envelope envelope;
        intake_envelope(&rows[i].options, message, &envelope);
        if (g_strcmp0(envelope.sender, rows[i].sender) ||
            g_strcmp0(envelope.recipient, rows[i].recipient) ||
            g_strcmp0(envelope.original_recipient, rows[i].original) ||
            g_strcmp0(envelope.extension, rows[i].extension))
            fail_msg("row %zu: %s, %s, %s, %s", i, envelope.sender, envelope.recipient,
                     envelope.original_recipient, envelope.extension);
        envelope_clear(&envelope);
    }
}

static void arrival_is_the_topmost_date(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        gint64 wanted;
    } rows[] = {
        {"", 0},
        {"Date: Mon, 02 Nov 2026 10:00:00 +0000\n\n", 0},
        {"Received: x; Mon, 02 Nov 2026 10:00:00 +0000\n\n", 1793613600},
        {"Received: x; 2 Nov 2026 10:00:00 +0000 (UTC)\n\n", 1793613600},
        {"Received: x;\n\tMon,  2 Nov 2026 11:00:00 +0100\n\n", 1793613600},
        {"Received: x;\r\n\tMon, 02 Nov 2026 02:30:00 -0730\r\n\r\n", 1793613600},
        {"Received: x; Mon, 02 Nov 2026 10:00:00 GMT\n\n", 1793613600},
        {"Received: x; Mon, 02 Nov 2026 05:00:00 EST\n\n", 1793613600},
        {"Received: x (a; b); Mon, 02 Nov 2026 10:00:00 +0000\n"
         "Received: y; Mon, 02 Nov 2026 09:00:00 +0000\n\n",
         1793613600},
        {"Received: x\nReceived: y; Mon, 02 Nov 2026 10:00:00 +0000\n\n", 0},
        {"Received: x; yesterday\n\n", 0},
        {"Received: ;\n\n", 0},
        {"Received: x; Mon, 02 Nov 1902 10:00:00 +0000\n\n", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Message) message = of(rows[i].text);
        gint64 got = intake_arrival(message);
        if (got != rows[i].wanted)
            fail_msg("row %zu: %" G_GINT64_FORMAT, i, got);
    }
    // A zone beyond all measure must not overflow anything.
    g_autoptr(Message) hostile =
        of("Received: x; Mon, 02 Nov 9999 10:00:00 -99999999999999999999999999\n\n");
    assert_true(intake_arrival(hostile) > 0);
}

static void lines_in_front(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sender, *recipient, *wanted;
    } rows[] = {
        {"", NULL, NULL, ""},
        {"", "", "", "Return-Path: <>\n"},
        {"", "a@b", "c@d", "Return-Path: <a@b>\nDelivered-To: c@d\n"},
        {"Return-Path: <a@b>\nDelivered-To: x\nDelivered-To: c@d\n\n", "a@b", "c@d", ""},
        {"Return-Path: <x@y>\n\n", "a@b", NULL, "Return-Path: <a@b>\n"},
        {"", "a\nb", "c\rd", ""},
        {"", "a\tb", "c\x7f", ""},
        {"", "\xc3\xbc@b", NULL, "Return-Path: <\xc3\xbc@b>\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Message) message = of(rows[i].text);
        struct envelope envelope = {.sender = (char *)rows[i].sender,
                                    .recipient = (char *)rows[i].recipient};
        g_autofree char *got = intake_header(message, &envelope);
        assert_string_equal(got, rows[i].wanted);
    }
    g_autoptr(Message) message = of("");
    g_autofree char *lengthy = g_strnfill(2000, 'x');
    struct envelope envelope = {.sender = lengthy};
    g_autofree char *got = intake_header(message, &envelope);
    assert_string_equal(got, "");
}

static void fingerprints_tell_deliveries_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sender, *recipient, *original, *distinction;
    } rows[] = {
        {"A: b\n\nx", "a", "b", NULL, ""},  {"A: b\n\ny", "a", "b", NULL, ""},
        {"A: b\n\nx", "ab", "", NULL, ""},  {"A: b\n\nx", "a", "c", NULL, ""},
        {"A: b\n\nx", NULL, "b", NULL, ""}, {"A: b\n\nx", "", "b", NULL, ""},
        {"A: b\n\nx", "a", "b", "b", ""},   {"A: b\n\nx", "a", "b", NULL, "1:2"},
        {"", "a", "b", NULL, ""},
    };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        gsize n = i % G_N_ELEMENTS(rows);
        g_autoptr(Message) message = of(rows[n].text);
        struct envelope envelope = {.sender = (char *)rows[n].sender,
                                    .recipient = (char *)rows[n].recipient,
                                    .original_recipient = (char *)rows[n].original};
        char *print = intake_fingerprint(message, &envelope, rows[n].distinction);
        assert_int_equal(strspn(print, "0123456789abcdef"), strlen(print));
        g_hash_table_add(seen, print);
    }
    assert_int_equal(g_hash_table_size(seen), G_N_ELEMENTS(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(envelopes_of_mtas, clear_environment, clear_environment),
        cmocka_unit_test(arrival_is_the_topmost_date),
        cmocka_unit_test(lines_in_front),
        cmocka_unit_test(fingerprints_tell_deliveries_apart),
    };
    return tap_run(tests);
}
