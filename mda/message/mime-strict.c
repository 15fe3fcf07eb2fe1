// SPDX-License-Identifier: MIT
// The parts of strict MIME, found without GMime: nearly every report is written to the letter of
// RFC 2045 and RFC 2046, and to load and ask GMime costs more than all the rest of judging it.
// Whatever could be read in two ways is refused and left to GMime, so that both see the same parts.
#include "message/mime-strict.h"

#include "message/mime-module.h"

#include <string.h>

// RFC 2045 §5.1: ASCII without blanks, controls and tspecials; and what quotes may hold beside.
#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'+-.^_`{|}~"
#define QUOTED TOKEN "*()<>@,;:/[]?= "
#define BLANKS " \t"

struct mime_reader {
    struct mime_tree *tree;
    const struct mime_limits *limits;
};

// The multipart that an entity stands in.
struct mime_place {
    gint parent;
    guint depth;
    const char *boundary; // NULL: the entity is the message itself
    bool delimited;       // a boundary line comes behind it
};

static char *take_token(const char **at)
{
    gsize length = strspn(*at, TOKEN);
    char *token = length > 0 ? g_strndup(*at, length) : NULL;
    *at += length;
    return token;
}

static char *take_value(const char **at)
{
    if (**at != '"')
        return take_token(at);
    const char *start = *at + 1;
    gsize length = strspn(start, QUOTED);
    if (length == 0 || start[length] != '"')
        return NULL;
    *at = start + length + 1;
    return g_strndup(start, length);
}

// "; name=value" to the end, each name once. Encoded values (RFC 2231 and, wrongly, RFC 2047) are
// not for us.
static bool read_parameters(const char *at, struct mime_part *part)
{
    for (at += strspn(at, BLANKS); *at == ';'; at += strspn(at, BLANKS)) {
        at++;
        at += strspn(at, BLANKS);
        if (*at == '\0')
            break;
        g_autofree char *name = take_token(&at);
        if (!name || *at++ != '=' || mime_part_parameter(part, name))
            return false;
        g_autofree char *value = take_value(&at);
        if (!value || strstr(value, "=?"))
            return false;
        mime_part_add_parameter(part, name, value);
    }
    return *at == '\0';
}

static bool read_type(const struct header_field *field, struct mime_part *part)
{
    g_autofree char *value = header_field_value(field);
    const char *at = value;
    g_autofree char *type = take_token(&at);
    if (!type || part->type || *at++ != '/')
        return false;
    g_autofree char *subtype = take_token(&at);
    if (!subtype)
        return false;
    part->type = g_ascii_strdown(type, -1);
    part->subtype = g_ascii_strdown(subtype, -1);
    return read_parameters(at, part);
}

static bool read_encoding(const struct header_field *field, struct mime_part *part)
{
    static const struct {
        const char *name;
        enum mime_encoding encoding;
    } known[] = {
        {"7bit", MIME_UNENCODED},
        {"8bit", MIME_UNENCODED},
        {"binary", MIME_UNENCODED},
        {"base64", MIME_BASE64},
        {"quoted-printable", MIME_QUOTED_PRINTABLE},
    };
    g_autofree char *value = header_field_value(field);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(value, known[i].name) == 0) {
            part->encoding = known[i].encoding;
            return true;
        }
    }
    return false;
}

// Is there a header whose end is beyond doubt: an empty line behind fields, or first of all?
static bool has_strict_header(const struct message *message)
{
    if (message->header_cut || message->bare_cr)
        return false;
    const char *end = message->data;
    if (message->fields->len > 0) {
        const struct header_field *last =
            &g_array_index(message->fields, struct header_field, message->fields->len - 1);
        end = last->line + last->line_length;
    }
    return end < message->body;
}

static bool read_header(const struct message *message, struct mime_part *part)
{
    guint encodings = 0;
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (header_field_is(field, "Content-Type") && !read_type(field, part))
            return false;
        if (header_field_is(field, "Content-Transfer-Encoding") &&
            (encodings++ > 0 || !read_encoding(field, part)))
            return false;
    }
    if (!part->type) { // RFC 2045 §5.2
        part->type = g_strdup("text");
        part->subtype = g_strdup("plain");
    }
    return true;
}

static gsize offset_of(const struct message *message, const char *at)
{
    return (gsize)(at - (const char *)g_bytes_get_data(message->bytes, NULL));
}

// The body; the line end in front of a boundary line belongs to that (RFC 2046 §5.1.1).
static GBytes *content_of(const struct message *message, bool delimited)
{
    gsize size = message->body_size;
    if (delimited && size > 0 && message->body[size - 1] == '\n')
        size--;
    if (delimited && size > 0 && message->body[size - 1] == '\r')
        size--;
    return g_bytes_new_from_bytes(message->bytes, offset_of(message, message->body), size);
}

enum delimiter_kind { DELIMITER_NEXT, DELIMITER_LAST, DELIMITER_MISSING, DELIMITER_UNSURE };

// Finds the next line in [at, end) that is LINE ("--boundary") or closes with "--": [*start_r,
// *end_r), which is the end of all when it is missing. One with more in it is unsure: it may be the
// boundary of something else.
static enum delimiter_kind find_delimiter(const char *line, const char *at, const char *end,
                                          const char **start_r, const char **end_r)
{
    const char *text = at, *hit;
    gsize length = strlen(line);
    while ((hit = memmem(at, (gsize)(end - at), line, length)) && hit > text && hit[-1] != '\n')
        at = hit + length;
    *start_r = hit ? hit : end;
    *end_r = end;
    if (!hit)
        return DELIMITER_MISSING;
    const char *stop = hit + length;
    bool last = end - stop >= 2 && stop[0] == '-' && stop[1] == '-';
    if (last)
        stop += 2;
    if (stop < end && *stop == '\r')
        stop++;
    if (stop == end || *stop != '\n')
        return DELIMITER_UNSURE;
    *end_r = stop + 1;
    return last ? DELIMITER_LAST : DELIMITER_NEXT;
}

static bool add_entity(const struct mime_reader *reader, const struct message *message,
                       const struct mime_place *place);

// A missing last boundary line leaves no doubt: reports are often cut off.
static bool add_children(const struct mime_reader *reader, const struct message *message,
                         struct mime_part *part, bool delimited)
{
    part->kind = MIME_MULTIPART;
    const char *boundary = mime_part_parameter(part, "boundary");
    if (!boundary || g_str_has_suffix(boundary, " ") || part->encoding != MIME_UNENCODED ||
        mime_part_is(part, NULL, "digest"))
        return false;
    struct mime_place place = {(gint)reader->tree->parts->len - 1, part->depth + 1, boundary, true};
    g_autofree char *line = g_strconcat("--", boundary, NULL);
    const char *end = message->body + message->body_size, *start, *next;
    enum delimiter_kind kind = find_delimiter(line, message->body, end, &start, &next);
    if (kind != DELIMITER_NEXT)
        return false;
    while (kind == DELIMITER_NEXT) {
        const char *from = next;
        kind = find_delimiter(line, from, end, &start, &next);
        place.delimited = kind != DELIMITER_MISSING || delimited;
        g_autoptr(GBytes) text =
            g_bytes_new_from_bytes(message->bytes, offset_of(message, from), (gsize)(start - from));
        g_autoptr(Message) child = message_new(text);
        if (kind == DELIMITER_UNSURE || child->from_line || !add_entity(reader, child, &place))
            return false;
    }
    return true;
}

static bool holds_message(const struct mime_part *part)
{
    return mime_part_is(part, "message", "rfc822") || mime_part_is(part, "message", "rfc2822") ||
           mime_part_is(part, "message", "global") || mime_part_is(part, "message", "news");
}

// A message that begins with a header field and does not name BOUNDARY, that of the multipart
// around it: some systems use one boundary again and again.
static bool is_strict_message(GBytes *raw, const char *boundary)
{
    gsize size = 0, name = 0;
    const char *data = g_bytes_get_data(raw, &size);
    while (name < size && data[name] > ' ' && data[name] < 127 && data[name] != ':')
        name++;
    return name > 0 && name < size && data[name] == ':' &&
           !(boundary && memmem(data, size, boundary, strlen(boundary)));
}

static bool add_entity(const struct mime_reader *reader, const struct message *message,
                       const struct mime_place *place)
{
    if (!has_strict_header(message) || reader->tree->parts->len >= reader->limits->parts ||
        place->depth >= reader->limits->depth)
        return false;
    struct mime_part *part = mime_part_add(reader->tree, place->depth, place->parent);
    if (!read_header(message, part))
        return false;
    if (mime_part_is(part, "multipart", NULL))
        return add_children(reader, message, part, place->delimited);
    part->raw = content_of(message, place->delimited);
    if (!holds_message(part))
        return true;
    part->kind = MIME_MESSAGE;
    return part->encoding == MIME_UNENCODED && is_strict_message(part->raw, place->boundary);
}

bool mime_read_strict(const struct message *message, const struct mime_limits *limits,
                      struct mime_tree *tree)
{
    const struct mime_reader reader = {tree, limits};
    const struct mime_place whole = {.parent = -1};
    bool strict = add_entity(&reader, message, &whole);
    if (!strict)
        g_ptr_array_set_size(tree->parts, 0);
    return strict;
}
