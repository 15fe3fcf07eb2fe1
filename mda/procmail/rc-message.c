// SPDX-License-Identifier: MIT
#include "procmail/rc-message.h"

#include <string.h>

// A Content-Length field wider than this is filled up with blanks.
#define LENGTH_DIGITS_MAX 26

static void find_body(struct rc_message *message)
{
    const char *data = message->data, *end = data + message->size, *at = data;
    while (at < end && *at == '\n')
        at++;
    at = MIN(at + 1, end);
    message->start = (gsize)(at - data);
    g_array_set_size(message->folds, 0);
    while ((at = memchr(at, '\n', (gsize)(end - at)))) {
        at++;
        if (at == end)
            break;
        if (*at == '\n') {
            message->body = (gsize)(at + 1 - data);
            return;
        }
        gsize fold = (gsize)(at - 1 - data);
        if (*at == ' ' || *at == '\t')
            g_array_append_val(message->folds, fold);
    }
    message->body = message->size;
}

static void find_content_length(struct rc_message *message)
{
    static const char field[] = "Content-Length:";
    gsize length = strlen(field);
    message->length_value = 0;
    for (const char *line = message->data, *end = line + message->body; line && line < end;) {
        if ((gsize)(end - line) > length && g_ascii_strncasecmp(line, field, length) == 0) {
            message->length_value = (gsize)(line - message->data) + length;
            return;
        }
        line = memchr(line, '\n', (gsize)(end - line));
        line = line ? line + 1 : NULL;
    }
}

// Content-Length is corrected in the width that it has; the text within that length is taken to be
// safe from being read as another message.
static void correct_content_length(struct rc_message *message)
{
    gsize body = message->size - message->body;
    if (message->size > 1 && message->data[message->size - 2] == '\n' && body > 0)
        body--;
    char *value = message->data + message->length_value;
    gsize width = 0;
    while (message->length_value + width < message->size && value[width] != '\n')
        width++;
    gsize digits = MIN(width, LENGTH_DIGITS_MAX);
    g_autofree char *number = g_strdup_printf("%*" G_GSIZE_FORMAT, (int)digits, body);
    gsize stated = body;
    if (strlen(number) > digits) { // does not fit: more than there is
        memset(value, '9', digits);
        stated = message->size;
    } else {
        memcpy(value, number, digits);
    }
    memset(value + digits, ' ', width - digits);
    message->escape_from = MIN(message->body + stated, message->size);
}

static void examine(struct rc_message *message, bool new_header)
{
    g_clear_pointer(&message->unfolded, g_free);
    message->unfolded_size = 0;
    if (new_header) {
        find_body(message);
        if (!message->ignore_length)
            find_content_length(message);
    }
    message->escape_from = message->body > 0 ? message->body - 1 : 0;
    if (message->length_value)
        correct_content_length(message);
}

void rc_message_set(struct rc_message *message, char *data, gsize size)
{
    if (!message->folds)
        message->folds = g_array_new(FALSE, FALSE, sizeof(gsize));
    g_free(message->data);
    message->data = data;
    message->size = size;
    examine(message, true);
}

void rc_message_replace(struct rc_message *message, enum rc_part part, const GString *replacement)
{
    gsize keep_head = part == RC_BODY ? message->body : 0;
    gsize keep_body = part == RC_HEAD ? message->size - message->body : 0;
    gsize size = keep_head + replacement->len + keep_body;
    char *data = g_malloc(size + 1);
    memcpy(data, message->data, keep_head);
    memcpy(data + keep_head, replacement->str, replacement->len);
    memcpy(data + keep_head + replacement->len, message->data + message->body, keep_body);
    data[size] = '\0';
    g_free(message->data);
    message->data = data;
    message->size = size;
    examine(message, part != RC_BODY || keep_head == 0);
}

static const char *part_of(const struct rc_message *message, const char *data, enum rc_part part,
                           gsize *size_r)
{
    *size_r = part == RC_WHOLE  ? message->size
              : part == RC_HEAD ? message->body
                                : message->size - message->body;
    return part == RC_BODY ? data + message->body : data;
}

const char *rc_message_part(const struct rc_message *message, enum rc_part part, gsize *size_r)
{
    return part_of(message, message->data, part, size_r);
}

const char *rc_message_search_part(struct rc_message *message, enum rc_part part, gsize *size_r)
{
    // The header alone is copied unless header and body are searched as one.
    const gsize wanted = part == RC_WHOLE ? message->size : message->body;
    if (part != RC_BODY && message->folds->len > 0 && message->unfolded_size < wanted) {
        g_free(message->unfolded);
        message->unfolded = g_memdup2(message->data, wanted);
        message->unfolded_size = wanted;
        for (guint i = 0; i < message->folds->len; i++)
            message->unfolded[g_array_index(message->folds, gsize, i)] = ' ';
    }
    const char *data = part != RC_BODY && message->unfolded ? message->unfolded : message->data;
    return part_of(message, data, part, size_r);
}

gsize rc_from_lines(const char *text, gsize size)
{
    if (size < 5 || memcmp(text, "From ", 5) != 0)
        return 0;
    gsize at = 0;
    do {
        const char *end = memchr(text + at, '\n', size - at);
        if (!end)
            return size;
        at = (gsize)(end + 1 - text);
    } while (at < size && text[at] == '>');
    return at;
}

void rc_message_clear(struct rc_message *message)
{
    g_clear_pointer(&message->data, g_free);
    g_clear_pointer(&message->unfolded, g_free);
    g_clear_pointer(&message->folds, g_array_unref);
}
