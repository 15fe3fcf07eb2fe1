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
