// SPDX-License-Identifier: MIT
#include "message/compose.h"

#include <string.h>

#define OWN_PREFIX "X-Backstop"

static bool is_own(const struct header_field *field)
{
    return field->name_length >= strlen(OWN_PREFIX) &&
           g_ascii_strncasecmp(field->line, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

// The line end of the message's first line, so that added lines look like the others.
static const char *line_end_of(const struct message *message)
{
    gsize scope = MIN(message->size, MESSAGE_HEADER_MAX_BYTES);
    const char *lf = memchr(message->data, '\n', scope);
    const char *cr = memchr(message->data, '\r', lf ? (gsize)(lf - message->data) : scope);
    if (!cr)
        return "\n";
    return cr + 1 == lf ? "\r\n" : lf ? "\n" : "\r";
}

static char *with_line_ends(const char *text, const char *line_end)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strjoinv(line_end, lines);
}

static gsize count_bare_lf(const char *data, gsize size)
{
    gsize count = 0;
    const char *end = data + size;
    for (const char *at = data; (at = memchr(at, '\n', (gsize)(end - at))); at++) {
        if (at == data || at[-1] != '\r')
            count++;
    }
    return count;
}

static void append(struct composed *composed, const char *data, gsize size)
{
    if (size == 0)
        return;
    struct file_segment segment = {data, size};
    g_array_append_val(composed->segments, segment);
    composed->size += size;
    composed->virtual_size += size + count_bare_lf(data, size);
}

static bool may_add(const struct message *message)
{
    return message->size == 0 || message->fields->len > 0 || *message->data == '\n' ||
           *message->data == '\r';
}

struct composed *compose(const struct message *message, const char *added)
{
    struct composed *composed = g_new0(struct composed, 1);
    composed->segments = g_array_new(FALSE, FALSE, sizeof(struct file_segment));
    composed->added = may_add(message) ? with_line_ends(added, line_end_of(message)) : g_strdup("");
    append(composed, composed->added, strlen(composed->added));
    const char *from = message->data;
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (!is_own(field))
            continue;
        append(composed, from, (gsize)(field->line - from));
        from = field->line + field->line_length;
    }
    append(composed, from, (gsize)(message->data + message->size - from));
    return composed;
}

void composed_free(struct composed *composed)
{
    if (!composed)
        return;
    g_array_unref(composed->segments);
    g_free(composed->added);
    g_free(composed);
}
