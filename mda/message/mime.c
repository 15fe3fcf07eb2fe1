// SPDX-License-Identifier: MIT
#include "message/mime.h"

#include "message/mime-module.h"

#include <string.h>

static const struct mime_module *module(GError **err)
{
    return (const struct mime_module *)module_load("mime", err);
}

static void part_free(gpointer data)
{
    struct mime_part *part = data;
    g_free(part->type);
    g_free(part->subtype);
    g_free(part->disposition);
    g_free(part->filename);
    g_free(part->description);
    g_ptr_array_unref(part->parameters);
    g_ptr_array_unref(part->fields);
    g_free(part->object);
    g_free(part);
}

// GMime knows LF and CRLF; a message of bare CRs is brought to LF first.
static GBytes *with_line_feeds(const struct message *message, gsize max)
{
    gsize size = MIN(message->size, max);
    const char *header_end = memchr(message->data, '\n', size);
    const char *cr = memchr(message->data, '\r', size);
    if (cr && (!header_end || cr + 1 < header_end)) {
        char *copy = g_memdup2(message->data, size);
        for (gsize i = 0; i < size; i++) {
            if (copy[i] == '\r' && (i + 1 == size || copy[i + 1] != '\n'))
                copy[i] = '\n';
        }
        return g_bytes_new_take(copy, size);
    }
    gsize start = (gsize)(message->data - (const char *)g_bytes_get_data(message->bytes, NULL));
    return size > 0 ? g_bytes_new_from_bytes(message->bytes, start, size) : g_bytes_new(NULL, 0);
}

// Larger messages are not copied to save the parsing of a header.
#define BARE_MAX_BYTES (256 * 1024)

// The message with those fields alone that say what its body is: GMime parses a header field ten
// times slower than our index. NULL where the two might not agree on where the header ends.
static GBytes *without_other_fields(const struct message *message)
{
    gsize count = message->fields->len;
    if (count == 0 || message->header_cut || message->bare_cr || message->size > BARE_MAX_BYTES)
        return NULL;
    const struct header_field *last =
        &g_array_index(message->fields, struct header_field, count - 1);
    const char *end = last->line + last->line_length; // the empty line
    if (end >= message->body)
        return NULL;
    GString *out = g_string_sized_new((gsize)(message->data + message->size - end) + 512);
    for (gsize i = 0; i < count; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (g_ascii_strncasecmp(field->line, "Content-", 8) == 0)
            g_string_append_len(out, field->line, (gssize)field->line_length);
    }
    g_string_append_len(out, end, message->data + message->size - end);
    return g_string_free_to_bytes(out);
}

bool mime_parse(const struct message *message, const struct mime_limits *limits,
                struct mime_tree **tree_r, GError **err)
{
    static const struct mime_limits usual = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, false};
    const struct mime_module *mime = module(err);
    if (!mime)
        return false;
    if (!limits)
        limits = &usual;
    struct mime_tree *tree = g_new0(struct mime_tree, 1);
    tree->parts = g_ptr_array_new_with_free_func(part_free);
    tree->limits = g_ptr_array_new_with_free_func(g_free);
    if (message->size > limits->bytes)
        g_ptr_array_add(tree->limits, g_strdup("MIME bytes"));
    bool few = limits->bare && message->size <= limits->bytes;
    g_autoptr(GBytes) bytes = few ? without_other_fields(message) : NULL;
    if (!bytes)
        bytes = with_line_feeds(message, limits->bytes);
    mime->parse(bytes, limits, tree);
    *tree_r = tree;
    return true;
}

void mime_tree_free(struct mime_tree *tree)
{
    if (!tree)
        return;
    const struct mime_module *mime = module(NULL);
    if (tree->state && mime)
        mime->free_state(tree->state);
    g_ptr_array_unref(tree->parts);
    g_ptr_array_unref(tree->limits);
    g_free(tree);
}

GBytes *mime_part_content(const struct mime_tree *tree, const struct mime_part *part, gsize max)
{
    return module(NULL)->content(tree, part, max);
}

GBytes *mime_part_raw(const struct mime_tree *tree, const struct mime_part *part, gsize max)
{
    return module(NULL)->raw(tree, part, max);
}

char *mime_part_text(const struct mime_tree *tree, const struct mime_part *part, gsize max,
                     gsize *length_r)
{
    g_autoptr(GBytes) content = mime_part_content(tree, part, max);
    gsize size = 0;
    const char *data = g_bytes_get_data(content, &size);
    return mime_to_utf8(data, size, mime_part_parameter(part, "charset"), length_r);
}

const char *mime_part_parameter(const struct mime_part *part, const char *name)
{
    for (guint i = 0; i < part->parameters->len; i++) {
        const struct mime_parameter *parameter = g_ptr_array_index(part->parameters, i);
        if (g_ascii_strcasecmp(parameter->name, name) == 0)
            return parameter->value;
    }
    return NULL;
}

bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype)
{
    return (!type || g_ascii_strcasecmp(part->type, type) == 0) &&
           (!subtype || g_ascii_strcasecmp(part->subtype, subtype) == 0);
}

const char *mime_part_field(const struct mime_part *part, const char *name, guint n)
{
    for (guint i = 0; i < part->fields->len; i++) {
        const struct mime_field *field = g_ptr_array_index(part->fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0 && n-- == 0)
            return field->value;
    }
    return NULL;
}

static void address_free(gpointer data)
{
    struct mime_address *address = data;
    g_free(address->name);
    g_free(address->address);
    g_free(address);
}

// `local@domain` or `<local@domain>` and nothing else: most values, answered without the module.
static bool is_bare_address(const char *value)
{
    gsize at = strcspn(value, "@");
    return at > 0 && value[at] == '@' &&
           strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                         "!#$%&'*+-/=?^_`{|}~.") == at &&
           value[at + 1] != '\0' &&
           value[at + 1 +
                 strspn(value + at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static bool add_bare_address(const char *value, GPtrArray *addresses)
{
    g_autofree char *copy = g_strstrip(g_strdup(value));
    gsize length = strlen(copy);
    char *start = copy;
    if (length > 2 && copy[0] == '<' && copy[length - 1] == '>') {
        copy[length - 1] = '\0';
        start++;
    }
    if (strstr(start, "=?") || !is_bare_address(start))
        return false;
    struct mime_address *address = g_new0(struct mime_address, 1);
    address->address = g_strdup(start);
    g_ptr_array_add(addresses, address);
    return true;
}

GPtrArray *mime_parse_addresses(const char *value, gssize length)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(address_free);
    g_autofree char *copy = length < 0 ? g_strdup(value) : g_strndup(value, (gsize)length);
    g_strdelimit(copy, "\r\n", ' ');
    if (add_bare_address(copy, addresses))
        return addresses;
    const struct mime_module *mime = module(NULL);
    if (mime && *copy)
        mime->addresses(copy, addresses);
    return addresses;
}

char *mime_first_address(const char *value)
{
    g_autoptr(GPtrArray) addresses = mime_parse_addresses(value, -1);
    if (addresses->len == 0)
        return NULL;
    const struct mime_address *first = g_ptr_array_index(addresses, 0);
    return g_strdup(first->address);
}
