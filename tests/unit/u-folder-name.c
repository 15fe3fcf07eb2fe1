// SPDX-License-Identifier: MIT
// store/folder-name.h: levels, modified UTF-7, and what no folder may be called.
#include "store/folder-name.h"

#include "base/error.h"

#include <string.h>

#include "cm.h"

static void modified_utf7(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"A&B", "A&-B"},
        {"&", "&-"},
        {"~/\\+,", "~/\\+,"},
        // RFC 3501 §5.1.3: one run of shifted text for neighbours, "," for "/", no padding.
        {"\u53f0\u5317", "&U,BTFw-"},
        {"~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"Entw\u00fcrfe", "Entw&APw-rfe"},
        {"\u00e4&\u00f6", "&AOQ-&-&APY-"},
        // RFC 2152's examples, by the rules of RFC 3501.
        {"A\u2262\u0391.", "A&ImIDkQ-."},
        {"Hi Mom -\u263a-!", "Hi Mom -&Jjo--!"},
        {"\u65e5\u672c\u8a9e", "&ZeVnLIqe-"},
        // Beyond the first plane: two surrogates.
        {"\U0001f4ec", "&2D3c7A-"},
        {"\x7f", "&AH8-"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = folder_encode(rows[i].text);
        assert_string_equal(got, rows[i].wanted);
    }
}

static char *joined(const char *name)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) levels = folder_levels(name, &err);
    if (!levels) {
        assert_true(g_error_matches(err, MDA_ERROR, MDA_ERROR_CONFIG));
        return NULL;
    }
    assert_null(err);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < levels->len; i++)
        g_string_append_printf(out, "|%s", (const char *)g_ptr_array_index(levels, i));
    return g_string_free(out, FALSE);
}

static void levels_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *name, *wanted;
    } rows[] = {
        {"INBOX", ""},           {"inbox", ""},           {"Inbox/Work", "|Work"},
        {"INBOX.Work", "|Work"}, {"Work", "|Work"},       {"Lists/Work", "|Lists|Work"},
        {"a.b/c", "|a|b|c"},     {"INBOXES", "|INBOXES"}, {"Work/INBOX", "|Work|INBOX"},
        {"a b", "|a b"},         {"-x", "|-x"},           {"\u00fc/\u00fc", "|&APw-|&APw-"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = joined(rows[i].name);
        assert_non_null(got);
        assert_string_equal(got, rows[i].wanted);
    }
}

static void decoding_undoes_it(void **state)
{
    (void)state;
    static const char *const names[] = {"Work",           "a&b", "\u00fcber.\u65e5\u672c\u8a9e",
                                        "x \U0001f600-y", "&",   ""};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *encoded = folder_encode(names[i]);
        g_autofree char *decoded = folder_decode(encoded);
        assert_string_equal(decoded, names[i]);
    }
    g_autofree char *plain = folder_decode("\u00fc");
    assert_string_equal(plain, "\u00fc");
    assert_null(folder_decode("a&b"));
    assert_null(folder_decode("&2AA-"));
    assert_null(folder_decode("\xff"));
}

static void names_that_cannot_be(void **state)
{
    (void)state;
    static const char *const names[] = {
        "/",     "/etc", "..",    "../x",   "a/../b", "a//b",          "a/",  ".a", "a\nb",
        "a\x7f", "\xff", "a\xc3", "INBOX/", "\x1b[",  "a\xed\xa0\x80", "a..b"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *got = joined(names[i]);
        if (got)
            fail_msg("row %zu: \"%s\"", i, got);
    }
    g_autofree char *lengthy = g_strnfill(5000, 'x');
    assert_null(joined(lengthy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modified_utf7),
        cmocka_unit_test(levels_are_told_apart),
        cmocka_unit_test(decoding_undoes_it),
        cmocka_unit_test(names_that_cannot_be),
    };
    return tap_run(tests);
}
