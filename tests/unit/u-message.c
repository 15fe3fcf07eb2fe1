// SPDX-License-Identifier: MIT
// message/message.h: where the header ends and what stands in it, for every kind of line end and of
// mess.
#include "message/message.h"

#include <string.h>

#include "cm.h"

static struct message *of_bytes(const char *text, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, size);
    return message_new(bytes);
}

static struct message *of(const char *text)
{
    return of_bytes(text, strlen(text));
}

struct row {
    const char *text;
    guint fields;
    const char *body;
    const char *subject; // NULL: there is none
};

static void check_row(const struct row *row)
{
    g_autoptr(Message) message = of(row->text);
    g_autofree char *body = g_strndup(message->body, message->body_size);
    g_autofree char *subject = message_header(message, "subject", 0);
    if (message->fields->len != row->fields || strcmp(body, row->body) != 0 ||
        g_strcmp0(subject, row->subject) != 0) {
        g_autofree char *shown = g_strescape(row->text, NULL);
        fail_msg("\"%s\": %u fields, body \"%s\", subject \"%s\"", shown, message->fields->len,
                 body, subject);
    }
    assert_false(message->header_cut);
}

static void header_ends_where_it_should(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", 0, "", NULL},
        {"\n", 0, "", NULL},
        {"\nbody", 0, "body", NULL},
        {"just text\nmore\n", 0, "just text\nmore\n", NULL},
        {"Subject: a\n\nbody\n", 1, "body\n", "a"},
        {"Subject: a\r\n\r\nbody\r\n", 1, "body\r\n", "a"},
        {"Subject: a\rb\r\nTo: c\r\n\r\nbody", 2, "body", "ab"},
        {"Subject: a\r\rbody\r", 1, "body\r", "a"},
        {"Subject: a\rTo: b\r\rbody", 2, "body", "a"},
        {"Subject: a", 1, "", "a"},
        {"Subject: a\n", 1, "", "a"},
        {"Subject: a\n\n", 1, "", "a"},
        {"Subject: a\n\n\nbody", 1, "\nbody", "a"},
        // Mixed line ends: the empty line counts with either.
        {"Subject: a\n\r\nbody", 1, "body", "a"},
        {"Subject: a\r\n\nbody", 1, "body", "a"},
        // Folding.
        {"Subject: a\n b\n\tc\n\nx", 1, "x", "a b\tc"},
        {"Subject:\n a\n\nx", 1, "x", "a"},
        {"Subject: a\r\n b\r\n\r\nx", 1, "x", "a b"},
        {"Subject: a\r b\r\rx", 1, "x", "a b"},
        // A line of blanks alone belongs to the fold.
        {"Subject: a\n \nTo: b\n\nx", 2, "x", "a"},
        // Obsolete blanks before the colon, an empty value, odd but sound names.
        {"Subject : a\n\nx", 1, "x", "a"},
        {"Subject\t: a\n\nx", 1, "x", "a"},
        {"Subject:\n\nx", 1, "x", ""},
        {"X!#$%&'*+-.^_`|~: 1\nSubject:a\n\nx", 2, "x", "a"},
        // The body begins at what is no field.
        {"Subject: a\nno field here\n\nx", 1, "no field here\n\nx", "a"},
        {"Subject: a\n: no name\n\nx", 1, ": no name\n\nx", "a"},
        {" Subject: a\n\nx", 0, " Subject: a\n\nx", NULL},
        {"Sub ject: a\n\nx", 0, "Sub ject: a\n\nx", NULL},
        {"Subject: a\nT\xc3\xb6: b\n\nx", 1, "T\xc3\xb6: b\n\nx", "a"},
        // From_ lines are told apart, once.
        {"From a@b Thu Jan  1 00:00:00 1970\nSubject: a\n\nx", 1, "x", "a"},
        {">From a@b Thu Jan  1 00:00:00 1970\nSubject: a\n\nx", 1, "x", "a"},
        {"From a\r\nSubject: a\r\n\r\nx", 1, "x", "a"},
        {"From \n\nx", 0, "x", NULL},
        {"From ", 0, "", NULL},
        {"From: a\nSubject: b\n\nx", 2, "x", "b"},
        {"From a\nFrom b\nSubject: a\n\nx", 0, "From b\nSubject: a\n\nx", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        check_row(&rows[i]);
}

static void all_bytes_are_kept(void **state)
{
    (void)state;
    static const char text[] = "From x\nA: \0b\nSubject: c\0d\n\n\0body\0";
    g_autoptr(Message) message = of_bytes(text, sizeof text - 1);
    g_autofree char *subject = message_header(message, "SUBJECT", 0);
    assert_string_equal(subject, "c d");
    assert_int_equal(message->from_line_length, 7);
    assert_int_equal(message->size, sizeof text - 1 - 7);
    assert_ptr_equal(message->data, message->from_line + 7);
    assert_int_equal(message->body_size, 6);
    assert_memory_equal(message->body, "\0body\0", 6);
}

static void fields_are_counted_by_name(void **state)
{
    (void)state;
    g_autoptr(Message) message = of("A: 1\nB: x\na: 2\n 3\nAB: y\n\n");
    g_autofree char *second = message_header(message, "A", 1);
    assert_string_equal(second, "2 3");
    assert_null(message_field(message, "A", 2));
    assert_null(message_field(message, "", 0));
    const struct header_field *field = message_field(message, "B", 0);
    assert_non_null(field);
    assert_true(header_field_is(field, "b"));
    assert_false(header_field_is(field, "bb"));
    assert_memory_equal(field->line, "B: x\n", field->line_length);
    assert_memory_equal(field->value, " x", field->value_length);
}

// A header without end must not cost without end; the message stays whole.
static void limits_end_the_index(void **state)
{
    (void)state;
    GString *many = g_string_new(NULL);
    for (int i = 0; i < MESSAGE_HEADER_MAX_FIELDS + 5; i++)
        g_string_append(many, "A: b\n");
    g_string_append(many, "\nbody\n");
    g_autoptr(Message) message = of_bytes(many->str, many->len);
    assert_true(message->header_cut);
    assert_int_equal(message->fields->len, MESSAGE_HEADER_MAX_FIELDS);
    assert_int_equal(message->size, many->len);
    g_string_free(many, TRUE);

    GString *wide = g_string_new("A: b\nB: ");
    while (wide->len <= MESSAGE_HEADER_MAX_BYTES)
        g_string_append(wide, "0123456789\n ");
    g_string_append(wide, "\n\nbody");
    g_autoptr(Message) second = of_bytes(wide->str, wide->len);
    assert_true(second->header_cut);
    assert_int_equal(second->fields->len, 1);
    assert_int_equal(second->size, wide->len);
    g_string_free(wide, TRUE);
}

// Whatever the bytes: header and body lie within the message, and together are all of it.
static void any_bytes_do(void **state)
{
    (void)state;
    static const char alphabet[] = "A:\n\r \t>From x\0\xff";
    GRand *rand = g_rand_new_with_seed(7);
    for (int round = 0; round < 20000; round++) {
        char text[40];
        gsize size = (gsize)g_rand_int_range(rand, 0, sizeof text);
        for (gsize i = 0; i < size; i++)
            text[i] = alphabet[g_rand_int_range(rand, 0, sizeof alphabet - 1)];
        g_autoptr(Message) message = of_bytes(text, size);
        assert_int_equal(message->from_line_length + message->size, size);
        assert_true(message->body >= message->data);
        assert_ptr_equal(message->body + message->body_size, message->data + message->size);
        const char *at = message->data;
        for (guint i = 0; i < message->fields->len; i++) {
            const struct header_field *field =
                &g_array_index(message->fields, struct header_field, i);
            assert_ptr_equal(field->line, at);
            assert_true(field->value > field->line);
            at += field->line_length;
            assert_true(field->value + field->value_length <= at);
        }
        assert_true(at <= message->body);
    }
    g_rand_free(rand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_ends_where_it_should),
        cmocka_unit_test(all_bytes_are_kept),
        cmocka_unit_test(fields_are_counted_by_name),
        cmocka_unit_test(limits_end_the_index),
        cmocka_unit_test(any_bytes_do),
    };
    return tap_run(tests);
}
