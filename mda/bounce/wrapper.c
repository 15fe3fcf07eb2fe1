// SPDX-License-Identifier: MIT
#include "bounce/wrapper.h"

#include "bounce/bounce-limits.h"
#include "message/message.h"

#include <string.h>

// report_safe 1 encloses a message, report_safe 2 text; both say "x-spam-type=original".
static bool is_marked_original(const struct mime_part *part)
{
    const char *type = mime_part_parameter(part, "x-spam-type");
    return type && g_ascii_strcasecmp(type, "original") == 0;
}

// The part that holds the enclosed message: the only one, or the one that is marked.
static const struct mime_part *enclosed_part(const struct facts *facts)
{
    const struct mime_part *found = NULL;
    const struct mime_part *root = g_ptr_array_index(facts->tree->parts, 0);
    if (!mime_part_is(root, "multipart", NULL) || mime_part_is(root, "multipart", "report") ||
        mime_part_is(root, "multipart", "digest"))
        return NULL;
    for (guint i = 1; i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        if (is_marked_original(part))
            return part;
        if (part->parent != 0 || !mime_part_is(part, "message", "rfc822"))
            continue;
        if (found)
            return NULL; // a digest by another name
        found = part;
    }
    return found;
}

GBytes *wrapper_enclosed(const struct facts *facts)
{
    const struct mime_part *part = enclosed_part(facts);
    if (!part)
        return NULL;
    g_autoptr(GBytes) content = mime_part_content(part, BOUNCE_MAX_ORIGINAL_BYTES);
    return g_bytes_get_size(content) > 0 ? g_steal_pointer(&content) : NULL;
}

static char *folded_field(const struct message *message, const char *name)
{
    g_autofree char *raw = message_header(message, name, 0);
    if (!raw)
        return NULL;
    g_autofree char *decoded = mime_decode_header(raw, -1);
    return phrase_fold(decoded, -1, NULL);
}

bool wrapper_is_same(struct facts *facts)
{
    const struct mime_part *part = enclosed_part(facts);
    if (!part)
        return false;
    if (is_marked_original(part))
        return true;
    g_autoptr(GBytes) bytes = wrapper_enclosed(facts);
    if (!bytes)
        return false;
    g_autoptr(Message) message = message_new_saved(bytes);
    g_autofree char *from = folded_field(message, "From");
    g_autofree char *subject = folded_field(message, "Subject");
    char **own_from = facts_header(facts, "from");
    char **own_subject = facts_header(facts, "subject");
    return from && subject && *own_from && *own_subject && strcmp(from, *own_from) == 0 &&
           g_str_has_suffix(*own_subject, subject);
}
