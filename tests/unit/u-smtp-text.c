// SPDX-License-Identifier: MIT
// submit/smtp-text: no reader may find the end of a message where we did not put it, whatever it
// takes for a line end.
#include "submit/smtp-text.h"

#include <string.h>

#include "cm.h"

// What goes out for DATA, handed over in pieces of STEP bytes.
static char *encoded(const char *data, gsize step)
{
    struct smtp_text text = {0};
    GString *out = g_string_new(NULL);
    gsize size = strlen(data);
    for (gsize at = 0; at < size; at += step)
        smtp_text_encode(&text, data + at, MIN(step, size - at), true, out);
    smtp_text_end(&text, out);
    return g_string_free(out, FALSE);
}

static void line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wire;
    } table[] = {
        {"", ""},
        {"S: x\n\ny\n", "S: x\r\n\r\ny\r\n"},
        {"S: x\r\n\r\ny", "S: x\r\n\r\ny\r\n"},
        {".\n", "..\r\n"},
        {"S: x\n\n.\n..\n.x", "S: x\r\n\r\n..\r\n...\r\n..x\r\n"},
        // A bare CR in the body is a line end, and a dot behind it is doubled.
        {"S: x\n\nhello\r.\r\nMAIL FROM:<e@vil>\r\n",
         "S: x\r\n\r\nhello\r\n..\r\nMAIL FROM:<e@vil>\r\n"},
        {"S: x\n\nhello\r.\rQUIT\r", "S: x\r\n\r\nhello\r\n..\r\nQUIT\r\n"},
        {"S: x\n\nhello\n.\rQUIT\n", "S: x\r\n\r\nhello\r\n..\r\nQUIT\r\n"},
        {"S: x\n\nhello\n.\n", "S: x\r\n\r\nhello\r\n..\r\n"},
        {"S: x\n\nhello\r\n.\nQUIT\n", "S: x\r\n\r\nhello\r\n..\r\nQUIT\r\n"},
        {"S: x\n\n\r.\r.\r", "S: x\r\n\r\n\r\n..\r\n..\r\n"},
        // Some programs write CR CR LF for a line end.
        {"S: x\r\r\nT: y\r\r\n\r\r\nz\r\r\n", "S: x\r\nT: y\r\n\r\nz\r\n"},
        // In the header it makes no field, no end of the header, and no line of a dot.
        {"S: x\rBcc: y@z\n\nb\n", "S: x Bcc: y@z\r\n\r\nb\r\n"},
        {"S: x\r\rb\r.\r\n\ny\n", "S: x  b .\r\n\r\ny\r\n"},
        {"\r.\r\n", " .\r\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        for (gsize step = 1; step < 6; step++) {
            g_autofree char *wire = encoded(table[i].text, step);
            assert_string_equal(wire, table[i].wire);
        }
    }
}

// Every sequence of these six pieces, behind a header: whatever a reader takes for a line end, no
// line is a single dot, and neither CR nor LF stands alone.
static void every_mixture(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\r", "\n", "\r\n", ".", "x", "\r\n.\r\n"};
    for (guint n = 0; n < 6 * 6 * 6 * 6 * 6 * 6; n++) {
        g_autoptr(GString) text = g_string_new(n % 2 ? "S: x\n\n" : "");
        for (guint rest = n, i = 0; i < 6; i++, rest /= 6)
            g_string_append(text, pieces[rest % 6]);
        g_autofree char *wire = encoded(text->str, 1 + n % 5);
        gsize length = strlen(wire);
        for (gsize at = 0; at < length; at++) {
            assert_true(wire[at] != '\r' || wire[at + 1] == '\n');
            assert_true(wire[at] != '\n' || (at > 0 && wire[at - 1] == '\r'));
        }
        assert_null(strstr(wire, "\n.\r\n"));
        assert_false(g_str_has_prefix(wire, ".\r\n"));
        assert_true(length == 0 || g_str_has_suffix(wire, "\r\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends),
        cmocka_unit_test(every_mixture),
    };
    return tap_run(tests);
}
