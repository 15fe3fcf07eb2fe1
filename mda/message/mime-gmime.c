// SPDX-License-Identifier: MIT
// The module backstop-mime.so: GMime behind mime.h. The only file that knows GMime. GMime is for
// looking: nothing is ever written back through it. What it parses is kept as byte ranges of the
// message, so that raw content is exactly what came.
#include "message/mime-module.h"

#include "base/error.h"
#include "config.h"

#include <gmime/gmime.h>
#include <string.h>

struct gmime_walk {
    struct mime_tree *tree;
    GMimeParserOptions *options;
    const struct mime_limits *limits;
};

static void initialise(void)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        g_mime_init();
        g_once_init_leave(&once, 1);
    }
}

static GMimeParserOptions *options_new(void)
{
    static const char *charsets[] = {"utf-8", "iso-8859-1", NULL};
    GMimeParserOptions *options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(options, charsets);
    g_mime_parser_options_set_allow_addresses_without_domain(options, TRUE);
    return options;
}

static void note_limit(struct gmime_walk *walk, const char *what)
{
    GPtrArray *limits = walk->tree->limits;
    if (!g_ptr_array_find_with_equal_func(limits, what, g_str_equal, NULL))
        g_ptr_array_add(limits, g_strdup(what));
}

static void add_fields(GPtrArray *fields, GMimeHeaderList *list)
{
    int count = list ? g_mime_header_list_get_count(list) : 0;
    for (int i = 0; i < count && fields->len < MESSAGE_HEADER_MAX_FIELDS; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *raw = g_mime_header_get_raw_value(header);
        struct mime_field *field = g_new0(struct mime_field, 1);
        field->name = g_strdup(g_mime_header_get_name(header));
        GString *value = g_string_new(NULL);
        for (const char *at = raw ? raw : ""; *at; at++) {
            if (*at != '\r' && *at != '\n')
                g_string_append_c(value, *at);
        }
        field->value = g_strstrip(g_string_free(value, FALSE));
        g_ptr_array_add(fields, field);
    }
}

static void add_parameters(struct mime_part *part, GMimeContentType *type)
{
    GMimeParamList *list = type ? g_mime_content_type_get_parameters(type) : NULL;
    int count = list ? g_mime_param_list_length(list) : 0;
    for (int i = 0; i < count && i < 100; i++) {
        GMimeParam *param = g_mime_param_list_get_parameter_at(list, i);
        const char *value = g_mime_param_get_value(param);
        g_autofree char *valid = g_utf8_make_valid(value ? value : "", -1);
        mime_part_add_parameter(part, g_mime_param_get_name(param), valid);
    }
}

static void set_type(struct mime_part *part, GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    const char *media = type ? g_mime_content_type_get_media_type(type) : NULL;
    const char *subtype = type ? g_mime_content_type_get_media_subtype(type) : NULL;
    part->type = g_ascii_strdown(media && *media ? media : "text", -1);
    part->subtype = g_ascii_strdown(subtype && *subtype ? subtype : "plain", -1);
    add_parameters(part, type);
}

// The new part at the end of the list, or NULL when there are enough of them.
static struct mime_part *add_part(struct gmime_walk *walk, GMimeObject *object,
                                  GMimeMessage *message, guint depth, gint parent)
{
    if (walk->tree->parts->len >= walk->limits->parts) {
        note_limit(walk, "MIME parts");
        return NULL;
    }
    struct mime_part *part = mime_part_add(walk->tree, depth, parent);
    set_type(part, object);
    if (message && !walk->limits->bare)
        add_fields(part->fields, g_mime_object_get_header_list(GMIME_OBJECT(message)));
    if (!walk->limits->bare)
        add_fields(part->fields, g_mime_object_get_header_list(object));
    return part;
}

// Where the part that begins at START of SOURCE ends: before the next boundary line of the
// multipart that it stands in, or with the text.
static gint64 end_of(const struct gmime_walk *walk, GBytes *source, const struct mime_part *part,
                     gint64 start)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(source, &size);
    const char *boundary = NULL;
    if (part->parent >= 0)
        boundary = mime_part_parameter(g_ptr_array_index(walk->tree->parts, (guint)part->parent),
                                       "boundary");
    if (!boundary || !*boundary || start < 0 || (gsize)start >= size)
        return (gint64)size;
    g_autofree char *line = g_strdup_printf("\n--%s", boundary);
    const char *stop = memmem(data + start, size - (gsize)start, line, strlen(line));
    if (!stop)
        return (gint64)size;
    return stop - data - (stop > data + start && stop[-1] == '\r');
}

static gint64 first_offset(GMimeHeaderList *list, gint64 start)
{
    if (list && g_mime_header_list_get_count(list) > 0) {
        gint64 offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, 0));
        if (offset >= 0 && (start < 0 || offset < start))
            return offset;
    }
    return start;
}

// The content of PART: [start, end) of SOURCE; end -1: all that is left.
static void set_content(struct mime_part *part, GBytes *source, gint64 start, gint64 end)
{
    gint64 size = (gint64)g_bytes_get_size(source);
    start = CLAMP(start, 0, size);
    end = end < 0 ? size : CLAMP(end, start, size);
    part->raw = g_bytes_new_from_bytes(source, (gsize)start, (gsize)(end - start));
}

static void walk_object(struct gmime_walk *walk, GBytes *source, GMimeObject *object,
                        GMimeMessage *message, guint depth, gint parent);
static void parse_into(struct gmime_walk *walk, GBytes *bytes, guint depth, gint parent);

static bool too_deep(struct gmime_walk *walk, const struct mime_part *part)
{
    if (part->depth < walk->limits->depth)
        return false;
    note_limit(walk, "MIME depth");
    return true;
}

static void walk_message(struct gmime_walk *walk, GBytes *source, struct mime_part *part,
                         GMimeMessagePart *object)
{
    gint self = (gint)walk->tree->parts->len - 1;
    GMimeMessage *message = g_mime_message_part_get_message(object);
    GMimeObject *inner = message ? g_mime_message_get_mime_part(message) : NULL;
    if (!inner)
        return;
    gint64 start = first_offset(g_mime_object_get_header_list(GMIME_OBJECT(message)), -1);
    start = first_offset(g_mime_object_get_header_list(inner), start);
    if (start < 0) { // a message without a header
        GMimeDataWrapper *content =
            GMIME_IS_PART(inner) ? g_mime_part_get_content(GMIME_PART(inner)) : NULL;
        start = content ? g_mime_data_wrapper_get_stream(content)->bound_start : 0;
    }
    set_content(part, source, start, end_of(walk, source, part, start));
    part->kind = MIME_MESSAGE;
    if (!walk->limits->bare && !too_deep(walk, part))
        walk_object(walk, source, inner, message, part->depth + 1, self);
}

static void walk_multipart(struct gmime_walk *walk, GBytes *source, struct mime_part *part,
                           GMimeMultipart *object)
{
    gint self = (gint)walk->tree->parts->len - 1;
    part->kind = MIME_MULTIPART;
    if (too_deep(walk, part))
        return;
    guint depth = part->depth + 1;
    for (int i = 0; i < g_mime_multipart_get_count(object); i++) {
        if (walk->tree->parts->len >= walk->limits->parts) {
            note_limit(walk, "MIME parts");
            return;
        }
        walk_object(walk, source, g_mime_multipart_get_part(object, i), NULL, depth, self);
    }
}

static bool holds_a_message(const struct mime_part *part)
{
    return mime_part_is(part, "message", "rfc822") || mime_part_is(part, "message", "global") ||
           mime_part_is(part, "message", "news");
}

static enum mime_encoding encoding_of(GMimePart *object)
{
    switch (g_mime_part_get_content_encoding(object)) {
    case GMIME_CONTENT_ENCODING_BASE64:
        return MIME_BASE64;
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
        return MIME_QUOTED_PRINTABLE;
    case GMIME_CONTENT_ENCODING_UUENCODE:
        return MIME_UUENCODE;
    default:
        return MIME_UNENCODED;
    }
}

static void walk_leaf(struct gmime_walk *walk, GBytes *source, struct mime_part *part,
                      GMimePart *object)
{
    gint self = (gint)walk->tree->parts->len - 1;
    GMimeDataWrapper *content = g_mime_part_get_content(object);
    GMimeStream *stream = content ? g_mime_data_wrapper_get_stream(content) : NULL;
    if (stream)
        set_content(part, source, stream->bound_start, stream->bound_end);
    part->encoding = encoding_of(object);
    // RFC 2046 §5.2.1 forbids encoding a message; gateways do it all the same.
    if (!holds_a_message(part) || !part->raw || g_bytes_get_size(part->raw) == 0 ||
        too_deep(walk, part))
        return;
    part->kind = MIME_MESSAGE;
    if (walk->limits->bare)
        return;
    g_autoptr(GBytes) inner = mime_part_content(part, walk->limits->bytes);
    parse_into(walk, inner, part->depth + 1, self);
}

static void walk_object(struct gmime_walk *walk, GBytes *source, GMimeObject *object,
                        GMimeMessage *message, guint depth, gint parent)
{
    struct mime_part *part = add_part(walk, object, message, depth, parent);
    if (!part)
        return;
    if (GMIME_IS_MESSAGE_PART(object))
        walk_message(walk, source, part, GMIME_MESSAGE_PART(object));
    else if (GMIME_IS_MULTIPART(object))
        walk_multipart(walk, source, part, GMIME_MULTIPART(object));
    else if (GMIME_IS_PART(object))
        walk_leaf(walk, source, part, GMIME_PART(object));
}

static void parse_into(struct gmime_walk *walk, GBytes *bytes, guint depth, gint parent)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data ? data : "", size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    // As a part and not as a message: GMime would take every address of the header apart.
    GMimeObject *object = g_mime_parser_construct_part(parser, walk->options);
    if (object)
        walk_object(walk, bytes, object, NULL, depth, parent);
    g_clear_object(&object);
    g_object_unref(parser);
    g_object_unref(stream);
}

static void module_parse(GBytes *bytes, const struct mime_limits *limits, struct mime_tree *tree)
{
    initialise();
    struct gmime_walk walk = {.tree = tree, .options = options_new(), .limits = limits};
    parse_into(&walk, bytes, 0, -1);
    g_mime_parser_options_free(walk.options);
}

static GBytes *module_decode(GBytes *raw, enum mime_encoding encoding)
{
    static const GMimeContentEncoding encodings[] = {
        [MIME_UNENCODED] = GMIME_CONTENT_ENCODING_BINARY,
        [MIME_BASE64] = GMIME_CONTENT_ENCODING_BASE64,
        [MIME_QUOTED_PRINTABLE] = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE,
        [MIME_UUENCODE] = GMIME_CONTENT_ENCODING_UUENCODE,
    };
    gsize size = 0;
    const char *data = g_bytes_get_data(raw, &size);
    GMimeEncoding decoder;
    g_mime_encoding_init_decode(&decoder, encodings[encoding]);
    char *out = g_malloc(g_mime_encoding_outlen(&decoder, size) + 1);
    gsize length = size > 0 ? g_mime_encoding_flush(&decoder, data, size, out) : 0;
    return g_bytes_new_take(out, length);
}

static void add_addresses(InternetAddressList *list, GPtrArray *addresses, guint depth)
{
    for (int i = 0; i < internet_address_list_length(list); i++) {
        if (addresses->len >= MIME_MAX_ADDRESSES || depth > 3)
            return;
        InternetAddress *entry = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(entry)) {
            InternetAddressGroup *group = INTERNET_ADDRESS_GROUP(entry);
            add_addresses(internet_address_group_get_members(group), addresses, depth + 1);
            continue;
        }
        const char *name = internet_address_get_name(entry);
        const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(entry));
        struct mime_address *address = g_new0(struct mime_address, 1);
        address->name = name && *name ? g_utf8_make_valid(name, -1) : NULL;
        address->address = g_utf8_make_valid(text ? text : "", -1);
        g_ptr_array_add(addresses, address);
    }
}

static void module_addresses(const char *value, GPtrArray *addresses)
{
    initialise();
    GMimeParserOptions *options = options_new();
    InternetAddressList *list = internet_address_list_parse(options, value);
    if (list) {
        add_addresses(list, addresses, 0);
        g_object_unref(list);
    }
    g_mime_parser_options_free(options);
}

extern const struct mime_module MODULE_SYMBOL;
const struct mime_module MODULE_SYMBOL = {
    .head = {.version = PACKAGE_VERSION},
    .parse = module_parse,
    .decode = module_decode,
    .addresses = module_addresses,
};
