// SPDX-License-Identifier: MIT
#include "message/place.h"

#include <string.h>

struct range {
    const char *start, *end;
};

// The end of the line at AT, behind its line end.
static const char *next_line(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (gsize)(end - at));
    return lf ? lf + 1 : end;
}

static bool is_empty_line(const char *at, const char *end)
{
    return at < end && (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n'));
}

// The body of an entity: behind its first empty line.
static struct range body_of(struct range entity)
{
    const char *at = entity.start;
    while (at < entity.end && !is_empty_line(at, entity.end))
        at = next_line(at, entity.end);
    return (struct range){at < entity.end ? next_line(at, entity.end) : at, entity.end};
}

// Is the line at AT a delimiter of BOUNDARY? *LAST_R: the closing one.
static bool is_delimiter(const char *at, const char *end, const char *boundary, bool *last_r)
{
    gsize length = strlen(boundary);
    if ((gsize)(end - at) < length + 2 || memcmp(at, "--", 2) != 0 ||
        memcmp(at + 2, boundary, length) != 0)
        return false;
    at += length + 2;
    *last_r = end - at >= 2 && memcmp(at, "--", 2) == 0;
    at += *last_r ? 2 : 0;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at == end || *at == '\n';
}

// AT is where a delimiter's line begins: the line end before it is the delimiter's.
static const char *before_delimiter(const char *at, const char *start)
{
    if (at > start && at[-1] == '\n')
        at--;
    if (at > start && at[-1] == '\r')
        at--;
    return at;
}

// Child K (from 0) between the delimiters in BODY.
static bool find_child(struct range body, const char *boundary, guint k, struct range *child_r)
{
    const char *start = NULL;
    guint seen = 0;
    bool last = false;
    for (const char *at = body.start; at < body.end && !last; at = next_line(at, body.end)) {
        if (!is_delimiter(at, body.end, boundary, &last))
            continue;
        if (start) {
            *child_r = (struct range){start, MAX(start, before_delimiter(at, start))};
            return true;
        }
        if (!last && seen++ == k)
            start = next_line(at, body.end);
    }
    *child_r = (struct range){start, body.end};
    return start != NULL;
}

// How many of the parts before N have the same parent?
static guint number_among_siblings(const struct mime_tree *tree, guint n)
{
    guint number = 0;
    gint parent = ((const struct mime_part *)g_ptr_array_index(tree->parts, n))->parent;
    for (guint i = 0; i < n; i++)
        number += ((const struct mime_part *)g_ptr_array_index(tree->parts, i))->parent == parent;
    return number;
}

// Not deeper than the tree's limit allows.
static bool find_part(const struct message *message, const struct mime_tree *tree, guint n,
                      struct range *range_r)
{
    const struct mime_part *part = g_ptr_array_index(tree->parts, n);
    struct range parent_range;
    if (part->parent < 0) {
        *range_r = (struct range){message->data, message->data + message->size};
        return true;
    }
    const struct mime_part *parent = g_ptr_array_index(tree->parts, (guint)part->parent);
    const char *boundary = mime_part_parameter(parent, "boundary");
    if (!find_part(message, tree, (guint)part->parent, &parent_range))
        return false;
    struct range body = body_of(parent_range);
    if (parent->kind == MIME_MULTIPART)
        return boundary && find_child(body, boundary, number_among_siblings(tree, n), range_r);
    *range_r = body;
    return true;
}

bool mime_part_place(const struct message *message, const struct mime_tree *tree, guint n,
                     gsize *start_r, gsize *length_r)
{
    struct range range = {NULL, NULL};
    if (n >= tree->parts->len || message->bare_cr || !find_part(message, tree, n, &range))
        return false;
    *start_r = (gsize)(range.start - message->data);
    *length_r = (gsize)(range.end - range.start);
    return true;
}

static GBytes *bytes_of(struct range range)
{
    return g_bytes_new(range.start, (gsize)(range.end - range.start));
}

bool mime_part_around(const struct message *message, const struct mime_tree *tree, guint n,
                      GBytes **prologue_r, GBytes **epilogue_r)
{
    struct range range = {NULL, NULL};
    if (n >= tree->parts->len || message->bare_cr || !find_part(message, tree, n, &range))
        return false;
    const char *boundary = mime_part_parameter(g_ptr_array_index(tree->parts, n), "boundary");
    struct range body = body_of(range), prologue = body, epilogue = {body.end, body.end};
    bool first = true, last = false;
    for (const char *at = body.start; boundary && at < body.end && !last;
         at = next_line(at, body.end)) {
        if (!is_delimiter(at, body.end, boundary, &last))
            continue;
        if (first)
            prologue.end = before_delimiter(at, body.start);
        first = false;
        if (last)
            epilogue.start = next_line(at, body.end);
    }
    *prologue_r = bytes_of(prologue);
    *epilogue_r = epilogue.start < epilogue.end ? bytes_of(epilogue) : NULL;
    return true;
}
