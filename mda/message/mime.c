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

// Where the header of MESSAGE ends, in front of the empty line; NULL where GMime might see another
// end of it.
static const char *sound_header_end(const struct message *message)
{
    gsize count = message->fields->len;
    if (count == 0 || message->header_cut || message->bare_cr || message->size > BARE_MAX_BYTES)
        return NULL;
    const struct header_field *last =
        &g_array_index(message->fields, struct header_field, count - 1);
    const char *end = last->line + last->line_length;
    return end < message->body ? end : NULL;
}

// The fields that say what the body is.
static GString *content_fields(const struct message *message)
{
    GString *out = g_string_sized_new(message->body_size + 512);
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (g_ascii_strncasecmp(field->line, "Content-", 8) == 0)
            g_string_append_len(out, field->line, (gssize)field->line_length);
    }
    return out;
}

// A message that is no MIME: one text/plain leaf, its body.
static void make_plain(struct mime_tree *tree, const struct message *message)
{
    struct mime_part *part = g_new0(struct mime_part, 1);
    part->parent = -1;
    part->type = g_strdup("text");
    part->subtype = g_strdup("plain");
    part->parameters = g_ptr_array_new();
    part->fields = g_ptr_array_new();
    g_ptr_array_add(tree->parts, part);
    tree->plain = g_bytes_new_from_bytes(
        message->bytes,
        (gsize)(message->body - (const char *)g_bytes_get_data(message->bytes, NULL)),
        message->body_size);
}

// Parses MESSAGE without the fields that nobody asks for: GMime takes ten times as long for a
// header as our index did, and where the body needs no taking apart it is not needed at all.
static bool parse_bare(const struct message *message, const struct mime_limits *limits,
                       struct mime_tree *tree, GError **err)
{
    const char *end = sound_header_end(message);
    g_autoptr(GString) text = end ? content_fields(message) : NULL;
    if (text && text->len == 0 && message->body_size > 0) {
        make_plain(tree, message);
        return true;
    }
    const struct mime_module *mime = module(err);
    if (!mime)
        return false;
    if (text)
        g_string_append_len(text, end, message->data + message->size - end);
    g_autoptr(GBytes) bytes = text ? g_string_free_to_bytes(g_steal_pointer(&text))
                                   : with_line_feeds(message, limits->bytes);
    mime->parse(bytes, limits, tree);
    return true;
}

static bool parse_whole(const struct message *message, const struct mime_limits *limits,
                        struct mime_tree *tree, GError **err)
{
    const struct mime_module *mime = module(err);
    if (!mime)
        return false;
    g_autoptr(GBytes) bytes = with_line_feeds(message, limits->bytes);
    mime->parse(bytes, limits, tree);
    return true;
}

bool mime_parse(const struct message *message, const struct mime_limits *limits,
                struct mime_tree **tree_r, GError **err)
{
    static const struct mime_limits usual = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, false};
    if (!limits)
        limits = &usual;
    g_autoptr(MimeTree) tree = g_new0(struct mime_tree, 1);
    tree->parts = g_ptr_array_new_with_free_func(part_free);
    tree->limits = g_ptr_array_new_with_free_func(g_free);
    if (message->size > limits->bytes)
        g_ptr_array_add(tree->limits, g_strdup("MIME bytes"));
    bool bare = limits->bare && message->size <= limits->bytes;
    if (bare ? !parse_bare(message, limits, tree, err) : !parse_whole(message, limits, tree, err))
        return false;
    *tree_r = g_steal_pointer(&tree);
    return true;
}

void mime_tree_free(struct mime_tree *tree)
{
    if (!tree)
        return;
    const struct mime_module *mime = tree->state ? module(NULL) : NULL;
    if (mime)
        mime->free_state(tree->state);
    g_clear_pointer(&tree->plain, g_bytes_unref);
    g_ptr_array_unref(tree->parts);
    g_ptr_array_unref(tree->limits);
    g_free(tree);
}

static GBytes *plain_content(const struct mime_tree *tree, gsize max)
{
    gsize size = g_bytes_get_size(tree->plain);
    return g_bytes_new_from_bytes(tree->plain, 0, max > 0 ? MIN(size, max) : size);
}

GBytes *mime_part_content(const struct mime_tree *tree, const struct mime_part *part, gsize max)
{
    return tree->plain ? plain_content(tree, max) : module(NULL)->content(tree, part, max);
}

GBytes *mime_part_raw(const struct mime_tree *tree, const struct mime_part *part, gsize max)
{
    return tree->plain ? plain_content(tree, max) : module(NULL)->raw(tree, part, max);
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
