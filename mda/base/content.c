// SPDX-License-Identifier: MIT
#include "base/content.h"

#include <string.h>

struct content *content_new(void)
{
    struct content *content = g_new0(struct content, 1);
    content->segments = g_array_new(FALSE, FALSE, sizeof(struct file_segment));
    return content;
}

void content_free(struct content *content)
{
    if (!content)
        return;
    g_array_unref(content->segments);
    g_free(content->owned);
    g_free(content);
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

void content_append(struct content *content, const char *data, gsize size)
{
    if (size == 0)
        return;
    struct file_segment segment = {data, size};
    g_array_append_val(content->segments, segment);
    content->size += size;
    content->virtual_size += size + count_bare_lf(data, size);
}

// Beyond the content: a From_ line may come in front.
#define ROOM_FOR_LINES 1024

GString *content_text(const struct content *content)
{
    g_assert(content->size <= G_MAXSSIZE - ROOM_FOR_LINES);
    GString *text = g_string_sized_new(content->size + ROOM_FOR_LINES);
    for (guint i = 0; i < content->segments->len; i++) {
        const struct file_segment *piece =
            &g_array_index(content->segments, struct file_segment, i);
        g_string_append_len(text, piece->data, (gssize)piece->size);
    }
    return text;
}
