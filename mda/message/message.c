// SPDX-License-Identifier: MIT
#include "message/message.h"

#include <string.h>

struct header_scan {
    const char *at, *end;
    bool bare_cr; // lines end at CR alone
};

// The end of the line at `at`, behind its line end.
static const char *next_line(const struct header_scan *scan, const char *at)
{
    const char *stop = memchr(at, scan->bare_cr ? '\r' : '\n', (gsize)(scan->end - at));
    return stop ? stop + 1 : scan->end;
}

// The end of the text in [start, end) without its line end.
static const char *without_line_end(const char *start, const char *end)
{
    if (end > start && end[-1] == '\n')
        end--;
    if (end > start && end[-1] == '\r')
        end--;
    return end;
}

// The first line says it: a CR within a line that ends in CRLF or LF is a character of it.
static bool lines_end_at_cr(const char *data, gsize size)
{
    gsize length = MIN(size, MESSAGE_HEADER_MAX_BYTES);
    return memchr(data, '\r', length) && !memchr(data, '\n', length);
}

// The colon of a field's first line, or NULL: names are printable ASCII without blanks (RFC 5322
// §2.2); blanks between name and colon are obsolete but seen (§4.5).
static const char *colon_of(const char *line, const char *end, gsize *name_length_r)
{
    const char *at = line;
    while (at<end && * at> ' ' && *at < 127 && *at != ':')
        at++;
    gsize length = (gsize)(at - line);
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (length == 0 || at == end || *at != ':')
        return NULL;
    *name_length_r = length;
    return at;
}

// The end of the field whose first line ends at AT.
static const char *field_end(const struct header_scan *scan, const char *at)
{
    while (at < scan->end && (*at == ' ' || *at == '\t')) {
        // A line of blanks alone is a fold too (obs-FWS), as procmail and sendmail read it.
        at = next_line(scan, at);
    }
    return at;
}

static void skip_from_line(struct message *message, struct header_scan *scan)
{
    gsize left = (gsize)(scan->end - scan->at);
    bool quoted = left > 6 && memcmp(scan->at, ">From ", 6) == 0;
    if (!quoted && (left < 5 || memcmp(scan->at, "From ", 5) != 0))
        return;
    message->from_line = scan->at;
    scan->at = next_line(scan, scan->at);
    message->from_line_length = (gsize)(scan->at - message->from_line);
}

// The field at scan->at; false where the header ends.
static bool field_here(const struct header_scan *scan, struct header_field *field_r)
{
    if (scan->at == scan->end)
        return false;
    const char *line_end = next_line(scan, scan->at);
    if (without_line_end(scan->at, line_end) == scan->at)
        return false; // the empty line
    gsize name_length = 0;
    const char *colon = colon_of(scan->at, line_end, &name_length);
    if (!colon)
        return false; // no header field: the body begins here, as sendmail and GMime have it
    const char *end = field_end(scan, line_end);
    *field_r = (struct header_field){
        .line = scan->at,
        .line_length = (gsize)(end - scan->at),
        .name_length = name_length,
        .value = colon + 1,
        .value_length = (gsize)(without_line_end(colon + 1, end) - (colon + 1)),
    };
    return true;
}

static void index_header(struct message *message, struct header_scan *scan)
{
    const char *limit = scan->at + MIN((gsize)(scan->end - scan->at), MESSAGE_HEADER_MAX_BYTES);
    struct header_field field;
    while (field_here(scan, &field)) {
        if (field.line + field.line_length > limit ||
            message->fields->len == MESSAGE_HEADER_MAX_FIELDS) {
            message->header_cut = true;
            return;
        }
        g_array_append_val(message->fields, field);
        scan->at += field.line_length;
    }
    const char *line_end = scan->at < scan->end ? next_line(scan, scan->at) : scan->end;
    if (without_line_end(scan->at, line_end) == scan->at)
        scan->at = line_end; // behind the empty line
}

bool message_next_field(const struct message *message, const char **at,
                        struct header_field *field_r)
{
    struct header_scan scan = {
        .at = *at, .end = message->data + message->size, .bare_cr = message->bare_cr};
    if (!field_here(&scan, field_r))
        return false;
    *at += field_r->line_length;
    return true;
}

struct message *message_new(GBytes *bytes)
{
    struct message *message = g_new0(struct message, 1);
    message->bytes = g_bytes_ref(bytes);
    message->fields = g_array_sized_new(FALSE, FALSE, sizeof(struct header_field), 24);
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    struct header_scan scan = {.at = data ? data : "", .end = (data ? data : "") + size};
    scan.bare_cr = message->bare_cr = lines_end_at_cr(scan.at, size);
    skip_from_line(message, &scan);
    message->data = scan.at;
    message->size = (gsize)(scan.end - scan.at);
    index_header(message, &scan);
    message->body = scan.at;
    message->body_size = (gsize)(scan.end - scan.at);
    return message;
}

// How many of the LEFT bytes at AT stand before a message that somebody saved: a byte order mark,
// blank lines, "From " lines of an mbox, also quoted ones.
static gsize saved_prefix(const char *at, gsize left)
{
    if (left >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        return 3;
    if (left > 0 && g_ascii_isspace(*at)) {
        gsize blank = 0;
        while (blank < left && (at[blank] == ' ' || at[blank] == '\t' || at[blank] == '\r'))
            blank++;
        if (blank < left && at[blank] == '\n')
            return blank + 1;
        return left > 1 && *at == '\r' ? 1 : 0;
    }
    bool from =
        (left > 5 && memcmp(at, "From ", 5) == 0) || (left > 6 && memcmp(at, ">From ", 6) == 0);
    const char *stop = from ? memchr(at, '\n', left) : NULL;
    return stop ? (gsize)(stop + 1 - at) : 0;
}

struct message *message_new_saved(GBytes *bytes)
{
    gsize size = 0, at = 0, last = 0, more;
    const char *data = g_bytes_get_data(bytes, &size);
    while (at < size && (more = saved_prefix(data + at, size - at)) > 0) {
        last = at;
        at += more;
    }
    // The last "From " line names the envelope sender: message_new wants to see it.
    if (at > last && strchr("F>", data[last]))
        at = last;
    if (at == 0 || at >= size)
        return message_new(bytes);
    g_autoptr(GBytes) rest = g_bytes_new_from_bytes(bytes, at, size - at);
    return message_new(rest);
}

void message_free(struct message *message)
{
    if (!message)
        return;
    g_array_unref(message->fields);
    g_bytes_unref(message->bytes);
    g_free(message);
}

const struct header_field *message_field(const struct message *message, const char *name, guint n)
{
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (header_field_is(field, name) && n-- == 0)
            return field;
    }
    return NULL;
}

char *header_field_value(const struct header_field *field)
{
    const char *from = field->value;
    gsize length = field->value_length, to = 0;
    if (!memchr(from, '\n', length) && !memchr(from, '\r', length) && !memchr(from, 0, length))
        return g_strstrip(g_strndup(from, length));
    char *value = g_malloc(length + 1);
    for (gsize i = 0; i < length; i++) {
        char c = from[i];
        if (c != '\r' && c != '\n')
            value[to++] = c ? c : ' ';
    }
    value[to] = '\0';
    return g_strstrip(value);
}

char *message_header(const struct message *message, const char *name, guint n)
{
    const struct header_field *field = message_field(message, name, n);
    return field ? header_field_value(field) : NULL;
}
