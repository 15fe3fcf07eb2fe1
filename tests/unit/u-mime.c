// SPDX-License-Identifier: MIT
// message/mime.h and received.h: header words, addresses, parts, charsets, HTML, Received lines.
#include "message/mime-module.h"
#include "message/mime-strict.h"
#include "message/received.h"

#include <string.h>

// cmocka.h wants these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void header_words_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *value, *wanted;
    } rows[] = {
        {"plain", "plain"},
        {"=?utf-8?q?a_b?=", "a b"},
        {"=?iso-8859-1?Q?caf=E9?= au lait", "caf\u00e9 au lait"},
        {"=?utf-8?B?5p2O?=", "\u674e"},
        {"=?utf-8?B?5p2O", "=?utf-8?B?5p2O"},
        {"=?utf-8?q?one?= =?utf-8?q?two?=", "onetwo"},
        {"=?utf-8?q?one?= and =?utf-8?q?two?=", "one and two"},
        {"=?utf-8?q?=E4=BD?= =?utf-8?q?=A0?=", "\u4f60"}, // one character in two words
        {"=?utf-8*en?q?x?=", "x"},
        {"=?utf-8?B?YQ?=", "a"}, // no padding
        {"=?no-such-charset?q?x?=", "x"},
        {"caf\xe9", "caf\u00e9"},
        {"=?utf-8?q?a=0Ab?=", "a b"}, // no word makes a new line
        {"", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = mime_decode_header(rows[i].value, -1);
        assert_string_equal(got, rows[i].wanted);
    }
}

static char *join(const char *value)
{
    g_autoptr(GPtrArray) list = mime_parse_addresses(value, -1);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const struct mime_address *one = g_ptr_array_index(list, i);
        g_string_append_printf(out, "%s{%s}%s", i ? " " : "", one->name ? one->name : "",
                               one->address);
    }
    return g_string_free(out, FALSE);
}

static void addresses_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *value, *wanted;
    } rows[] = {
        {"a@b.example", "{}a@b.example"},
        {"<a@b.example>", "{}a@b.example"},
        {"Ann Bee <a@b.example>", "{Ann Bee}a@b.example"},
        {"\"Ann (B.)\" <a@b.example>", "{Ann (B.)}a@b.example"},
        {"a@b.example <c@d.example>", "{a@b.example}c@d.example"},
        {"Ann <a@b.example>, bob@c.example", "{Ann}a@b.example {}bob@c.example"},
        {"\"Last, First\" <a@b.example>", "{Last, First}a@b.example"},
        {"Team: a@b.example, c@d.example;", "{}a@b.example {}c@d.example"},
        {"=?utf-8?q?J=C3=BCrgen?= <j@b.example>", "{J\u00fcrgen}j@b.example"},
        {"a@b.example (a comment)", "{a comment}a@b.example"},
        {"", ""},
        {"undisclosed-recipients:;", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = join(rows[i].value);
        assert_string_equal(got, rows[i].wanted);
    }
}

static struct mime_tree *parse(const char *text, const struct mime_limits *limits)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(Message) message = message_new(bytes);
    struct mime_tree *tree = NULL;
    g_autoptr(GError) err = NULL;
    if (!mime_parse(message, limits, &tree, &err))
        fail_msg("%s", err->message);
    return tree;
}

#define NESTED                                                                                     \
    "Subject: outer\nContent-Type: multipart/mixed; boundary=oo\n\n"                               \
    "--oo\nContent-Type: text/plain; charset=iso-8859-1\n"                                         \
    "Content-Transfer-Encoding: quoted-printable\n\ncaf=E9\n"                                      \
    "--oo\nContent-Type: message/rfc822\n\n"                                                       \
    "Subject: inner\nContent-Type: multipart/alternative; boundary=ii\n\n"                         \
    "--ii\nContent-Type: text/plain\n\nplain\n--ii\nContent-Type: text/html\n\n<p>x</p>\n--ii--\n" \
    "--oo--\n"

static void parts_are_walked(void **state)
{
    (void)state;
    g_autoptr(MimeTree) tree = parse(NESTED, NULL);
    static const char *const types[] = {"multipart/mixed",       "text/plain", "message/rfc822",
                                        "multipart/alternative", "text/plain", "text/html"};
    static const guint depths[] = {0, 1, 1, 2, 3, 3};
    assert_int_equal(tree->parts->len, G_N_ELEMENTS(types));
    for (guint i = 0; i < tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(tree->parts, i);
        g_autofree char *type = g_strdup_printf("%s/%s", part->type, part->subtype);
        assert_string_equal(type, types[i]);
        assert_int_equal(part->depth, depths[i]);
    }
    g_autofree char *text = mime_part_text(g_ptr_array_index(tree->parts, 1), 0, NULL);
    assert_string_equal(text, "caf\u00e9");
    g_autoptr(GBytes) inner = mime_part_raw(g_ptr_array_index(tree->parts, 2), 0);
    const char *raw = g_bytes_get_data(inner, NULL);
    assert_true(g_str_has_prefix(raw, "Subject: inner\n"));
    assert_string_equal(mime_part_field(g_ptr_array_index(tree->parts, 3), "subject", 0), "inner");
}

static void encoded_message_is_opened(void **state)
{
    (void)state;
    g_autoptr(MimeTree) tree = parse("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
                                     "Content-Type: message/rfc822\n"
                                     "Content-Transfer-Encoding: base64\n\n"
                                     "U3ViamVjdDogaGlkZGVuCgpib2R5Cg==\n--o--\n",
                                     NULL);
    assert_int_equal(tree->parts->len, 3);
    assert_string_equal(mime_part_field(g_ptr_array_index(tree->parts, 2), "Subject", 0), "hidden");
}

static void limits_are_noted(void **state)
{
    (void)state;
    static const struct mime_limits few = {.bytes = 10000, .parts = 2, .depth = 10};
    static const struct mime_limits flat = {.bytes = 10000, .parts = 100, .depth = 1};
    static const struct mime_limits small = {.bytes = 60, .parts = 100, .depth = 10};
    g_autoptr(MimeTree) cut = parse(NESTED, &few);
    assert_int_equal(cut->parts->len, 2);
    assert_string_equal(g_ptr_array_index(cut->limits, 0), "MIME parts");
    g_autoptr(MimeTree) shallow = parse(NESTED, &flat);
    assert_string_equal(g_ptr_array_index(shallow->limits, 0), "MIME depth");
    g_autoptr(MimeTree) short_one = parse(NESTED, &small);
    assert_string_equal(g_ptr_array_index(short_one->limits, 0), "MIME bytes");
}

#define MIXED(body) "Subject: s\nContent-Type: multipart/mixed; boundary=\"oo\"\n\n" body
#define TYPED(fields) "Subject: s\n" fields "\n\nbody\n"

static const struct {
    const char *text;
    bool strict; // to be read without GMime
} mime_texts[] = {
    {NESTED, true},
    {"Subject: plain\n\nbody\n", true},
    {"Subject: plain\r\nFrom: a@b.example\r\n\r\nbody\r\n", true},
    {"Subject: no body\n\n", true},
    {"content-TYPE: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n"
     "Subject: base64\n\nYm9keQo=\n",
     true},
    {TYPED("Content-Type: Text/HTML; name=\"a (b).htm\" ; charset=US-ASCII;"), true},
    {TYPED("Content-Type: text/plain;\n\tcharset=utf-8;\n format=flowed"), true},
    {TYPED("Content-Type: message/rfc822"), false}, // no header in it
    {TYPED("Content-Type: message/rfc822\n\nTo: x\n"), true},
    {TYPED("Content-Type: message/delivery-status"), true},
    {TYPED("Content-Type: message/partial; id=x; number=1"), true},
    {TYPED("Content-Type: text"), false},
    {TYPED("Content-Type: text/plain (with a comment)"), false},
    {TYPED("Content-Type: text/plain; charset"), false},
    {TYPED("Content-Type: text/plain; charset=iso-8859-1; charset=utf-8"), false},
    {TYPED("Content-Type: text/plain; name*=utf-8''x"), false},
    {TYPED("Content-Type: text/plain; name=\"=?utf-8?q?x?=\""), false},
    {TYPED("Content-Type: text/plain; name=\"a\\\"b\""), false},
    {TYPED("Content-Type: text/plain\nContent-Type: text/html"), false},
    {TYPED("Content-Transfer-Encoding: uuencode"), false},
    {TYPED("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64"), false},
    {TYPED("Content-Type: multipart/mixed"), false},
    {TYPED("Content-Type: multipart/mixed; boundary=oo"), false},
    {"Subject: no empty line\nbody of a sort\n", false},
    {"Subject: header alone\n", false},
    {"no header\n\nat all\n", false},
    {"Subject: bare CR\rTo: x\r\rbody\r", false}, // brought to LF first
    {"\nbody alone\n", true},
    {"", false},
    {MIXED("prologue\n--oo\n\none\n--oo\nContent-Type: text/html\n\n\n--oo--\nepilogue\n--oo\n"),
     true},
    {MIXED("--oo\r\nContent-Type: text/html\r\n\r\none\r\n\r\n--oo--\r\n"), true},
    {MIXED("--oo \n\none\n--oo--\n"), false}, // RFC 2046 allows the blank, GMime does not
    {MIXED("--oo\nA: b\n\n--oo--\n"), true},
    {MIXED("--oo\n\nsee --oo\n --oo\n-- oo\n--oo--\n"), true},
    {MIXED("--oo\n\ncut off\n"), true},
    {MIXED("--oo\r\n\r\nno line end\r\n--oo--"), false},
    {MIXED("--oo\n\none\n--oo\nContent-Type: message/rfc822\n\nTo: x\n\ncut off\n"), true},
    {MIXED("--oo\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\ncut off\n--oo--\n"),
     true},
    {MIXED("--oo\nContent-Type: message/rfc822\n\nTo: x\n\nbody\n\n--oo--\n"), true},
    {MIXED("--oo\r\nContent-Type: message/rfc822\r\n\r\nTo: x\r\n\r\nbody\r\n--oo--\r\n"), true},
    {MIXED("--oo\nContent-Type: message/global\n\nTo: x\n--oo--\n"), true},
    {MIXED("--oo\nContent-Type: message/rfc822\n\n\nTo: x\n\nbody\n--oo--\n"), false},
    {MIXED("--oo\nContent-Type: message/rfc822\n\nFrom x\nTo: x\n\nbody\n--oo--\n"), false},
    {MIXED("--oo\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
           "VG86IHgKCmJvZHkK\n--oo--\n"),
     false},
    {MIXED("--oo\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=oo\n\n"
           "--oo\n\ninner\n--oo--\n--oo--\n"),
     false},
    {MIXED("--oo\nContent-Type: multipart/mixed; boundary=oo1\n\n--oo1\n\nx\n--oo1--\n--oo--\n"),
     false},
    {MIXED("--oo\nContent-Type: text/plain\nno empty line\n--oo--\n"), false},
    {MIXED("--oo\nContent-Type: text/plain\n--oo--\n"), false},
    {MIXED("--oo--\n"), false},
    {MIXED("no boundary\n"), false},
};

static bool is_in_message(const struct mime_tree *tree, const struct mime_part *part)
{
    for (; part->parent >= 0;) {
        part = g_ptr_array_index(tree->parts, (guint)part->parent);
        if (part->kind == MIME_MESSAGE)
            return true;
    }
    return false;
}

static bool same_part(const struct mime_part *one, const struct mime_part *other)
{
    g_autoptr(GBytes) wanted = mime_part_content(one, 0);
    g_autoptr(GBytes) got = mime_part_content(other, 0);
    bool same = strcmp(other->type, one->type) == 0 && strcmp(other->subtype, one->subtype) == 0 &&
                other->kind == one->kind && other->depth == one->depth &&
                other->parameters->len == one->parameters->len && g_bytes_equal(got, wanted);
    for (guint i = 0; same && i < one->parameters->len; i++) {
        const struct mime_parameter *a = g_ptr_array_index(one->parameters, i);
        const struct mime_parameter *b = g_ptr_array_index(other->parameters, i);
        same = strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
    }
    return same;
}

// Without header fields the parts and what they hold are the same, but for what is inside of a
// message; whoever reads them.
static void bare_parts_are_the_same(void **state)
{
    (void)state;
    static const struct mime_limits bare = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, true};
    for (gsize i = 0; i < G_N_ELEMENTS(mime_texts); i++) {
        g_autoptr(MimeTree) whole = parse(mime_texts[i].text, NULL);
        g_autoptr(MimeTree) quick = parse(mime_texts[i].text, &bare);
        guint found = 0;
        for (guint n = 0; n < whole->parts->len; n++) {
            const struct mime_part *one = g_ptr_array_index(whole->parts, n);
            if (is_in_message(whole, one))
                continue;
            if (found == quick->parts->len ||
                !same_part(one, g_ptr_array_index(quick->parts, found)))
                fail_msg("part %u differs in: %s", found, mime_texts[i].text);
            found++;
        }
        assert_int_equal(found, quick->parts->len);
    }
}

static bool read_alone(const char *text, const struct mime_limits *limits)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(MimeTree) tree = mime_tree_new();
    bool strict = mime_read_strict(message, limits, tree);
    assert_true(strict == (tree->parts->len > 0));
    return strict;
}

static void strict_mime_needs_no_gmime(void **state)
{
    (void)state;
    static const struct mime_limits usual = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, true};
    static const struct mime_limits few = {MIME_MAX_BYTES, 2, MIME_MAX_DEPTH, true};
    static const struct mime_limits flat = {MIME_MAX_BYTES, MIME_MAX_PARTS, 1, true};
    for (gsize i = 0; i < G_N_ELEMENTS(mime_texts); i++) {
        if (read_alone(mime_texts[i].text, &usual) != mime_texts[i].strict)
            fail_msg("%s: %s", mime_texts[i].strict ? "is strict" : "is not strict",
                     mime_texts[i].text);
    }
    assert_false(read_alone(NESTED, &few));
    assert_false(read_alone(NESTED, &flat));
}

static void charsets_are_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *charset, *wanted;
    } rows[] = {
        {"gr\xfc\xdf", "iso-8859-1", "gr\u00fc\u00df"},
        {"gr\xfc\xdf", "us-ascii", "gr\u00fc\u00df"},
        {"gr\xc3\xbc", "iso-8859-1x", "gr\u00fc"},
        {"\x1b$B$\"\x1b(B", NULL, "\u3042"},
        {"\x1b$B$\"\x1b(B", "us-ascii", "\u3042"},
        {"\x82\xa0", "shift_jis", "\u3042"},
        {"a\r\nb\rc\n", NULL, "a\nb\nc\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got =
            mime_to_utf8(rows[i].text, strlen(rows[i].text), rows[i].charset, NULL);
        assert_string_equal(got, rows[i].wanted);
    }
}

static void html_becomes_text(void **state)
{
    (void)state;
    static const char html[] = "<style>p{}</style><p>Der   Empf&auml;nger<br>a@b &lt;x&gt; &#228;"
                               "<script>no</script><!-- no --></p>1 < 2";
    g_autofree char *got = mime_html_to_text(html, sizeof html - 1, NULL);
    assert_string_equal(got, "Der Empf\u00e4nger\na@b <x> \u00e4\n1 < 2");
}

static void received_lines_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *value, *from, *name, *address, *by;
    } rows[] = {
        {"from helo.example (rdns.example [192.0.2.1]) by mx.example (Postfix) with ESMTP id 1; "
         "Mon",
         "helo.example", "rdns.example", "192.0.2.1", "mx.example"},
        {"from helo.example ([192.0.2.1]) by mx.example; Mon", "helo.example", NULL, "192.0.2.1",
         "mx.example"},
        {"from unknown (HELO helo.example) (192.0.2.1) by mx.example with SMTP; Mon",
         "helo.example", NULL, "192.0.2.1", "mx.example"},
        {"from [192.0.2.1] (helo=helo.example) by mx.example with esmtp (Exim 4)", "helo.example",
         NULL, "192.0.2.1", "mx.example"},
        {"from A.example (2001:db8::1) by B.example (10.0.0.1) with Microsoft SMTP Server",
         "A.example", NULL, "2001:db8::1", "B.example"},
        {"from 192.0.2.5 (EHLO helo.example) (192.0.2.5) by mx.example with SMTP", "helo.example",
         NULL, "192.0.2.5", "mx.example"},
        {"from A.example ([192.0.2.1]) by mx.example with esmtp (Exim 4.96) id 1", "A.example",
         "A.example", "192.0.2.1", "mx.example"},
        {"by host mx.example (invoked by uid 0); Mon", NULL, NULL, NULL, "mx.example"},
        {"from x (x [IPv6:2001:db8::2]) by mx.example", "x", NULL, "2001:db8::2", "mx.example"},
        {"(qmail 1 invoked by uid 0); 1 Jul 2014", NULL, NULL, NULL, NULL},
        {"by mx.example (Postfix, from userid 0) id 1; Mon", NULL, NULL, NULL, "mx.example"},
        {"", NULL, NULL, NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct received got;
        received_parse(rows[i].value, &got);
        if (g_strcmp0(got.from, rows[i].from) || g_strcmp0(got.name, rows[i].name) ||
            g_strcmp0(got.address, rows[i].address) || g_strcmp0(got.by, rows[i].by))
            fail_msg("%s: from %s, name %s, address %s, by %s", rows[i].value, got.from, got.name,
                     got.address, got.by);
        received_clear(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_words_are_decoded),   cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(parts_are_walked),           cmocka_unit_test(encoded_message_is_opened),
        cmocka_unit_test(limits_are_noted),           cmocka_unit_test(bare_parts_are_the_same),
        cmocka_unit_test(strict_mime_needs_no_gmime), cmocka_unit_test(charsets_are_guessed),
        cmocka_unit_test(html_becomes_text),          cmocka_unit_test(received_lines_are_read),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
