// SPDX-License-Identifier: MIT
#include "message/mime.h"

#include "message/mime-module.h"
#include "message/mime-strict.h"

#include <string.h>

static guint lacks;

static const struct mime_module *module(GError **err)
{
    const struct mime_module *mime = (const struct mime_module *)module_load("mime", err);
    lacks += mime == NULL;
    return mime;
}

guint mime_lacks(void)
{
    return lacks;
}

static void part_free(gpointer data)
{
    struct mime_part *part = data;
    g_free(part->type);
    g_free(part->subtype);
    g_ptr_array_unref(part->parameters);
    g_ptr_array_unref(part->fields);
    g_clear_pointer(&part->raw, g_bytes_unref);
    g_free(part);
}

static void field_free(gpointer data)
{
    struct mime_field *field = data;
    g_free(field->name);
    g_free(field->value);
    g_free(field);
}

static void parameter_free(gpointer data)
{
    struct mime_parameter *parameter = data;
    g_free(parameter->name);
    g_free(parameter->value);
    g_free(parameter);
}

struct mime_part *mime_part_add(struct mime_tree *tree, guint depth, gint parent)
{
    struct mime_part *part = g_new0(struct mime_part, 1);
    part->depth = depth;
    part->parent = parent;
    part->parameters = g_ptr_array_new_with_free_func(parameter_free);
    part->fields = g_ptr_array_new_with_free_func(field_free);
    g_ptr_array_add(tree->parts, part);
    return part;
}

void mime_part_add_parameter(struct mime_part *part, const char *name, const char *value)
{
    struct mime_parameter *parameter = g_new0(struct mime_parameter, 1);
    parameter->name = g_ascii_strdown(name, -1);
    parameter->value = g_strdup(value);
    g_ptr_array_add(part->parameters, parameter);
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

struct mime_tree *mime_tree_new(void)
{
    struct mime_tree *tree = g_new0(struct mime_tree, 1);
    tree->parts = g_ptr_array_new_with_free_func(part_free);
    tree->limits = g_ptr_array_new_with_free_func(g_free);
    return tree;
}

static bool parse_strict(const struct message *message, GBytes *lines,
                         const struct mime_limits *limits, struct mime_tree *tree)
{
    if (!limits->bare || message->size > limits->bytes)
        return false;
    g_autoptr(Message) mended = message->bare_cr ? message_new(lines) : NULL;
    return mime_read_strict(mended ? mended : message, limits, tree);
}

bool mime_parse(const struct message *message, const struct mime_limits *limits,
                struct mime_tree **tree_r, GError **err)
{
    static const struct mime_limits usual = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, false};
    if (!limits)
        limits = &usual;
    g_autoptr(GBytes) lines = with_line_feeds(message, limits->bytes);
    g_autoptr(MimeTree) tree = mime_tree_new();
    if (!parse_strict(message, lines, limits, tree)) {
        const struct mime_module *mime = module(err);
        if (!mime)
            return false;
        mime->parse(lines, limits, tree);
    }
    if (message->size > limits->bytes)
        g_ptr_array_add(tree->limits, g_strdup("MIME bytes"));
    *tree_r = g_steal_pointer(&tree);
    return true;
}

void mime_tree_free(struct mime_tree *tree)
{
    if (!tree)
        return;
    g_ptr_array_unref(tree->parts);
    g_ptr_array_unref(tree->limits);
    g_free(tree);
}

GBytes *mime_part_raw(const struct mime_part *part, gsize max)
{
    gsize size = part->raw ? g_bytes_get_size(part->raw) : 0;
    if (max > 0 && size > max)
        size = max;
    return size > 0 ? g_bytes_new_from_bytes(part->raw, 0, size) : g_bytes_new(NULL, 0);
}

GBytes *mime_part_content(const struct mime_part *part, gsize max)
{
    if (part->encoding == MIME_UNENCODED)
        return mime_part_raw(part, max);
    // Quoted-printable needs up to three bytes for one, and line breaks beside that.
    g_autoptr(GBytes) raw = mime_part_raw(part, max < G_MAXSIZE / 8 ? max * 4 : 0);
    const struct mime_module *mime = module(NULL);
    GBytes *content = mime ? mime->decode(raw, part->encoding) : g_bytes_ref(raw);
    if (max == 0 || g_bytes_get_size(content) <= max)
        return content;
    g_autoptr(GBytes) longer = content;
    return g_bytes_new_from_bytes(longer, 0, max);
}

char *mime_part_text(const struct mime_part *part, gsize max, gsize *length_r)
{
    g_autoptr(GBytes) content = mime_part_content(part, max);
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

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define ATOM LETTERS "!#$%&'*+-/=?^_`{|}~" // RFC 5322 §3.2.3

// `local@domain` and nothing else.
static bool is_bare_address(const char *value)
{
    gsize at = strspn(value, ATOM ".");
    return at > 0 && value[at] == '@' && value[at + 1] != '\0' &&
           value[at + 1 + strspn(value + at + 1, LETTERS ".-")] == '\0';
}

// A display name of plain or encoded words or one quoted string without quoting in it, and without
// any other blanks than one between words. Owned by the caller; NULL when it is another.
static char *bare_name(const char *start, gsize length)
{
    g_autofree char *name = g_strndup(start, length);
    bool quoted = length > 2 && name[0] == '"' && name[length - 1] == '"';
    if (quoted) {
        name[length - 1] = '\0';
        memmove(name, name + 1, length - 1);
    }
    gsize words = strspn(name, quoted ? ATOM " ()<>@,;:." : ATOM " ");
    bool plain = *name != '\0' && name[words] == '\0' && !strstr(name, "  ") && *name != ' ' &&
                 !g_str_has_suffix(name, " ");
    if (!plain || (quoted && strstr(name, "=?")))
        return NULL;
    return mime_decode_header(name, -1);
}

// `local@domain`, `<local@domain>` or `name <local@domain>` and nothing else: nearly all values,
// answered without the module.
static bool add_bare_address(const char *value, GPtrArray *addresses)
{
    g_autofree char *copy = g_strstrip(g_strdup(value));
    g_autofree char *name = NULL;
    gsize length = strlen(copy);
    char *start = copy, *open = strrchr(copy, '<');
    if (open && copy[length - 1] == '>') {
        copy[length - 1] = '\0';
        start = open + 1;
        if (open > copy + 1 && open[-1] == ' ')
            name = bare_name(copy, (gsize)(open - 1 - copy));
        if (open > copy && !name)
            return false;
    }
    if (strstr(start, "=?") || !is_bare_address(start))
        return false;
    struct mime_address *address = g_new0(struct mime_address, 1);
    address->name = g_steal_pointer(&name);
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
