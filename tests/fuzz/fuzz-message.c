// SPDX-License-Identifier: MIT
// libFuzzer: the message room. Header index, MIME parts, text of any charset, header words,
// addresses.
// Run in the build directory:  tests/fuzz/fuzz-message -max_len=65536 DIR ../tests/corpus/*
#include "message/message.h"
#include "message/mime.h"
#include "message/received.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("BACKSTOP_MODULE_DIR", ".", 0);
}

static void look_at_header(const struct message *message)
{
    for (guint i = 0; i < message->fields->len; i++) {
        g_autofree char *value =
            header_field_value(&g_array_index(message->fields, struct header_field, i));
        g_autofree char *decoded = mime_decode_header(value, -1);
        g_assert(g_utf8_validate(decoded, -1, NULL));
        g_autoptr(GPtrArray) addresses = mime_parse_addresses(value, -1);
        g_assert(addresses->len <= MIME_MAX_ADDRESSES);
        struct received received;
        received_parse(value, &received);
        received_clear(&received);
    }
}

static void look_at_parts(const struct mime_tree *tree)
{
    for (guint i = 0; i < tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(tree->parts, i);
        gsize length = 0;
        g_autoptr(GBytes) raw = mime_part_raw(part, 0);
        g_autofree char *text = mime_part_text(part, 10000, &length);
        g_assert(g_utf8_validate(text, (gssize)length, NULL));
        g_autofree char *plain = mime_html_to_text(text, length, &length);
        g_assert(strlen(plain) <= length && raw);
        g_assert(part->depth <= MIME_MAX_DEPTH + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(Message) message = message_new(bytes);
    g_autoptr(GError) err = NULL;
    g_autoptr(MimeTree) tree = NULL;
    look_at_header(message);
    if (!mime_parse(message, NULL, &tree, &err))
        g_error("%s", err->message);
    look_at_parts(tree);
    return 0;
}
