// SPDX-License-Identifier: MIT
// message/compose.h: the message's own bytes, with lines in front and forged ones taken out.
#include "message/compose.h"

#include <string.h>

#include "cm.h"

static GString *composed(const char *text, gsize size, const char *added, bool *varying_r)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, size);
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(Content) content = compose(message, added);
    GString *out = g_string_new(NULL);
    gsize bare = 0;
    for (guint i = 0; i < content->segments->len; i++) {
        const struct file_segment *segment =
            &g_array_index(content->segments, struct file_segment, i);
        assert_true(segment->size > 0);
        g_string_append_len(out, segment->data, (gssize)segment->size);
    }
    for (gsize i = 0; i < out->len; i++)
        bare += out->str[i] == '\n' && (i == 0 || out->str[i - 1] != '\r');
    assert_int_equal(content->size, out->len);
    assert_int_equal(content->virtual_size, out->len + bare);
    if (varying_r)
        *varying_r = content->varying;
    return out;
}

static void lines_go_in_front(void **state)
{
    (void)state;
    static const struct {
        const char *text, *added, *wanted;
    } rows[] = {
        {"", "", ""},
        {"", "R: <a>\n", "R: <a>\n"},
        {"A: b\n\nx", "", "A: b\n\nx"},
        {"A: b\n\nx", "R: <a>\n", "R: <a>\nA: b\n\nx"},
        {"A: b\r\n\r\nx", "R: <a>\n", "R: <a>\r\nA: b\r\n\r\nx"},
        {"A: b\r\n\r\nx", "R: a\n\tb\n", "R: a\r\n\tb\r\nA: b\r\n\r\nx"},
        {"\nx", "R: <a>\n", "R: <a>\n\nx"},
        // A line in front of a text without header would make a header of it.
        {"text\n", "R: <a>\n", "text\n"},
        // Bare CR is no line end to any reader of the store.
        {"A: b\rC: d\r\rx", "R: <a>\n", "R: <a>\nA: b\rC: d\r\rx"},
        {"From x\nA: b\n\nx", "", "A: b\n\nx"},
        // Who sends us such lines cannot fake a verdict.
        {"A: b\nX-Backstop: genuine\nC: d\n\nx", "", "A: b\nC: d\n\nx"},
        {"x-backSTOP: genuine\n folded\nC: d\n\nx", "", "C: d\n\nx"},
        {"X-Backstop-Anything : 1\nA: b\nX-Backstop: 2\n\nX-Backstop: 3\n", "",
         "A: b\n\nX-Backstop: 3\n"},
        {"X-Backstop: 1\nX-Backstop: 2\n\n", "X-Backstop: new\n", "X-Backstop: new\n\n"},
        {"X-Backsto: kept\n\n", "", "X-Backsto: kept\n\n"},
        // Behind a line that is no field, where rules look too.
        {"A: b\nno field\nX-Backstop: 1\n more\nC: d\n\nx", "", "A: b\nno field\nC: d\n\nx"},
        {"A: b\r\nno field\r\nx-backstop : 1\r\n\r\nX-Backstop: 2\r\n", "",
         "A: b\r\nno field\r\n\r\nX-Backstop: 2\r\n"},
        {"A: b\n\nX-Backstop: 1\n", "", "A: b\n\nX-Backstop: 1\n"},
        {"just text\nX-Backstop: 1\n", "", "just text\nX-Backstop: 1\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *got = composed(rows[i].text, strlen(rows[i].text), rows[i].added, NULL);
        assert_string_equal(got->str, rows[i].wanted);
        g_string_free(got, TRUE);
    }
}

static void verdicts_may_vary(void **state)
{
    (void)state;
    bool varying = true;
    g_string_free(composed("A: b\n\n", 6, "R: <a>\n", &varying), TRUE);
    assert_false(varying);
    g_string_free(composed("A: b\n\n", 6, "X-Backstop: unknown\n", &varying), TRUE);
    assert_true(varying);
}

static void nuls_are_kept(void **state)
{
    (void)state;
    GString *got = composed("A: \0\n\n\0x\0", 9, "R: a\n", NULL);
    assert_int_equal(got->len, 14);
    assert_memory_equal(got->str, "R: a\nA: \0\n\n\0x\0", 14);
    g_string_free(got, TRUE);
}

// Also behind the end of the index, where a forger might hope to be overlooked.
static void forgery_far_down(void **state)
{
    (void)state;
    GString *text = g_string_new(NULL);
    for (int i = 0; i < MESSAGE_HEADER_MAX_FIELDS; i++)
        g_string_append(text, "A: b\n");
    g_autofree char *start = g_strdup(text->str);
    g_string_append(text, "X-Backstop: genuine\n folded\nB: c\n\nX-Backstop: body\n");
    GString *got = composed(text->str, text->len, "", NULL);
    g_autofree char *wanted = g_strconcat(start, "B: c\n\nX-Backstop: body\n", NULL);
    assert_true(strcmp(got->str, wanted) == 0);
    g_string_free(got, TRUE);
    g_string_free(text, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_in_front),
        cmocka_unit_test(verdicts_may_vary),
        cmocka_unit_test(nuls_are_kept),
        cmocka_unit_test(forgery_far_down),
    };
    return tap_run(tests);
}
