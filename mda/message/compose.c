// SPDX-License-Identifier: MIT
#include "message/compose.h"

#include <string.h>

#define OWN_PREFIX "X-Backstop"

static bool is_own(const char *name, gsize length)
{
    return length >= strlen(OWN_PREFIX) &&
           g_ascii_strncasecmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

static bool is_return_path(const char *name, gsize length)
{
    return length == strlen("Return-Path") && g_ascii_strncasecmp(name, "Return-Path", length) == 0;
}

// CRLF where the message's first line ends so, else LF: with bare CRs, which no store and no reader
// takes for line ends, added lines would be lost in one endless line.
static const char *line_end_of(const struct message *message)
{
    const char *lf = memchr(message->data, '\n', MIN(message->size, MESSAGE_HEADER_MAX_BYTES));
    return lf && lf > message->data && lf[-1] == '\r' ? "\r\n" : "\n";
}

static char *with_line_ends(const char *text, const char *line_end)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strjoinv(line_end, lines);
}

static bool may_add(const struct message *message)
{
    return message->size == 0 || message->fields->len > 0 || *message->data == '\n' ||
           *message->data == '\r';
}

// A field of the header, or the name that such a line would have.
typedef bool name_test(const char *name, gsize length);

// A walk over what LEAVES_OUT says of MESSAGE's header.
struct compose_walk {
    const struct message *message;
    name_test *leaves_out;
    guint next;     // field of the index
    const char *at; // behind the index
};

static const char *line_behind(const struct message *message, const char *at)
{
    const char *end = message->data + message->size;
    const char *line_end = memchr(at, message->bare_cr ? '\r' : '\n', (gsize)(end - at));
    return line_end ? line_end + 1 : end;
}

static bool is_empty_line(const char *at, const char *end)
{
    return at == end || *at == '\n' ||
           (*at == '\r' && (at + 1 == end || at[1] == '\n' || end - at == 1));
}

// The length of the name in the line at AT, 0 when it is no field.
static gsize name_at(const char *at, const char *end)
{
    const char *colon = memchr(at, ':', (gsize)(end - at)), *stop = colon;
    while (stop && stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    for (const char *c = at; c < stop; c++) {
        if ((guchar)*c <= ' ' || *c == 0x7f)
            return 0;
    }
    return stop ? (gsize)(stop - at) : 0;
}

// Behind the index come fields that it had no room for, and those behind a line that is no field,
// which rules see: readers go on to the empty line. A message without any field has no header.
static bool next_behind(struct compose_walk *walk, const char **start_r, gsize *length_r)
{
    const struct message *message = walk->message;
    const char *end = message->data + message->size;
    while (walk->at && walk->at < end) {
        const char *line = walk->at, *next = line_behind(message, line);
        if (is_empty_line(line, next))
            break;
        gsize name = name_at(line, next);
        while (next < end && (*next == ' ' || *next == '\t'))
            next = line_behind(message, next);
        walk->at = next;
        if (name > 0 && walk->leaves_out(line, name)) {
            *start_r = line;
            *length_r = (gsize)(next - line);
            return true;
        }
    }
    walk->at = NULL;
    return false;
}

static bool header_is_open(const struct message *message)
{
    const char *body = message->body;
    const char *before = body - (body > message->data);
    bool closed = body > message->data && (*before == '\n' || *before == '\r');
    if (!closed || message->fields->len == 0)
        return false;
    // Closed by an empty line: what stands before the body is one line end behind another.
    const struct header_field *last =
        &g_array_index(message->fields, struct header_field, message->fields->len - 1);
    return body == last->line + last->line_length;
}

static struct compose_walk walk_begin(const struct message *message, name_test *leaves_out)
{
    return (struct compose_walk){.message = message,
                                 .leaves_out = leaves_out,
                                 .at = header_is_open(message) ? message->body : NULL};
}

static bool walk_next(struct compose_walk *walk, const char **start_r, gsize *length_r)
{
    while (walk->next < walk->message->fields->len) {
        const struct header_field *field =
            &g_array_index(walk->message->fields, struct header_field, walk->next++);
        if (!walk->leaves_out(field->line, field->name_length))
            continue;
        *start_r = field->line;
        *length_r = field->line_length;
        return true;
    }
    return next_behind(walk, start_r, length_r);
}

static void append_without(struct content *content, const struct message *message,
                           name_test *leaves_out)
{
    struct compose_walk walk = walk_begin(message, leaves_out);
    const char *from = message->data, *start = NULL;
    gsize length = 0;
    while (walk_next(&walk, &start, &length)) {
        content_append(content, from, (gsize)(start - from));
        from = start + length;
    }
    content_append(content, from, (gsize)(message->data + message->size - from));
}

struct content *compose(const struct message *message, const char *added)
{
    struct content *content = content_new();
    if (may_add(message)) {
        content->owned = with_line_ends(added, line_end_of(message));
        content->added = strlen(content->owned);
        content->varying = strstr(added, OWN_PREFIX) != NULL;
        content_append(content, content->owned, content->added);
    }
    append_without(content, message, is_own);
    return content;
}

struct content *compose_changed(GBytes *bytes, const char *added)
{
    struct content *content = content_new();
    g_autoptr(Message) message = message_new(bytes);
    if (may_add(message)) {
        content->owned = with_line_ends(added, line_end_of(message));
        content->added = strlen(content->owned);
        content_append(content, content->owned, content->added);
    }
    content_append(content, message->data, message->size);
    return content;
}

bool compose_is_forged(const struct message *message)
{
    struct compose_walk walk = walk_begin(message, is_own);
    const char *start = NULL;
    gsize length = 0;
    return walk_next(&walk, &start, &length);
}

static GBytes *without(GBytes *bytes, name_test *leaves_out)
{
    g_autoptr(Message) message = message_new(bytes);
    struct compose_walk walk = walk_begin(message, leaves_out);
    const char *start = NULL;
    gsize length = 0;
    if (!walk_next(&walk, &start, &length))
        return g_bytes_ref(bytes);
    g_autoptr(Content) content = content_new();
    content_append(content, message->from_line ? message->from_line : "",
                   message->from_line_length);
    append_without(content, message, leaves_out);
    return g_string_free_to_bytes(content_text(content));
}

GBytes *compose_unforged(GBytes *bytes)
{
    return without(bytes, is_own);
}

GBytes *compose_forward(GBytes *bytes)
{
    return without(bytes, is_return_path);
}
