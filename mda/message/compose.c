// SPDX-License-Identifier: MIT
#include "message/compose.h"

#include <string.h>

#define OWN_PREFIX "X-Backstop"

static bool is_own(const struct header_field *field)
{
    return field->name_length >= strlen(OWN_PREFIX) &&
           g_ascii_strncasecmp(field->line, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
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

// When FIELD is one of ours, appends what stands between *FROM and it and moves *FROM behind it.
static void leave_out(struct content *content, const struct header_field *field, const char **from)
{
    if (!is_own(field))
        return;
    content_append(content, *from, (gsize)(field->line - *from));
    *from = field->line + field->line_length;
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
    const char *from = message->data;
    for (guint i = 0; i < message->fields->len; i++)
        leave_out(content, &g_array_index(message->fields, struct header_field, i), &from);
    // A header too large to be indexed is still no place to hide a verdict in.
    struct header_field field;
    for (const char *at = message->body;
         message->header_cut && message_next_field(message, &at, &field);)
        leave_out(content, &field, &from);
    content_append(content, from, (gsize)(message->data + message->size - from));
    return content;
}
