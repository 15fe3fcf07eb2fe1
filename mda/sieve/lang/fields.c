// SPDX-License-Identifier: MIT
#include "sieve/lang/fields.h"

#include <string.h>

static void value_free(gpointer data)
{
    struct sieve_value *value = data;
    g_free(value->raw);
    g_free(value->text);
    g_free(value);
}

// RAW and TEXT are taken over.
static void add_value(GPtrArray *values, const char *name, char *raw, char *text)
{
    struct sieve_value *value = g_new0(struct sieve_value, 1);
    value->name = name;
    value->raw = raw;
    value->text = text;
    g_ptr_array_add(values, value);
}

static void top_values(struct sieve_run *run, const char *name, GPtrArray *values)
{
    GPtrArray *fields = sieve_view_fields(run->view);
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0)
            add_value(values, name, sieve_unfold(field->raw),
                      g_strdup(sieve_view_decoded(run->view, field)));
    }
}

static void part_values(struct sieve_run *run, guint n, const char *name, GPtrArray *values)
{
    struct sieve_mime_part part = {0};
    run->host->part(run->host->data, n, &part);
    for (guint i = 0; i < part.fields->len; i++) {
        const struct sieve_field *field = g_ptr_array_index(part.fields, i);
        if (g_ascii_strcasecmp(field->name, name) != 0)
            continue;
        char *unfolded = sieve_unfold(field->value);
        add_value(values, name, unfolded, run->host->decode(run->host->data, unfolded));
    }
}

// Does part N stand in the tree below ROOT?
static bool is_below(struct sieve_run *run, guint n, guint root)
{
    struct sieve_mime_part part = {0};
    for (gint at = (gint)n; at >= 0; at = part.parent) {
        if (at == (gint)root)
            return true;
        run->host->part(run->host->data, (guint)at, &part);
    }
    return false;
}

static void mime_values(struct sieve_run *run, const struct sieve_node *node, const char *name,
                        GPtrArray *values)
{
    guint root = run->part < 0 ? 0 : (guint)run->part;
    guint count = run->host->part_count(run->host->data);
    // Part 0 is the message: its header is the one that editheader edits.
    if (root == 0)
        top_values(run, name, values);
    else if (root < count)
        part_values(run, root, name, values);
    if (!sieve_has_tag(node, "anychild"))
        return;
    for (guint i = root + 1; i < count; i++) {
        if (is_below(run, i, root))
            part_values(run, i, name, values);
    }
}

// :index and :last (RFC 5260 §6): the Nth value; "all the named header fields are counted in the
// order specified by the header-list".
static void pick_index(const struct sieve_node *node, GPtrArray *values)
{
    guint64 index = sieve_tag_number(node, "index", 0);
    guint count = values->len;
    if (index == 0)
        return;
    gint64 pick = sieve_has_tag(node, "last") ? (gint64)count - (gint64)index : (gint64)index - 1;
    for (guint i = count; i > 0; i--) {
        if ((gint64)i - 1 != pick)
            g_ptr_array_remove_index(values, i - 1);
    }
}

GPtrArray *sieve_values(struct sieve_run *run, const struct sieve_node *node,
                        const GPtrArray *names)
{
    GPtrArray *values = g_ptr_array_new_with_free_func(value_free);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (sieve_has_tag(node, "mime"))
            mime_values(run, node, name, values);
        else
            top_values(run, name, values);
    }
    pick_index(node, values);
    return values;
}

bool sieve_value_exists(struct sieve_run *run, const struct sieve_node *node, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_ptr_array_add(names, (gpointer)name);
    g_autoptr(GPtrArray) values = sieve_values(run, node, names);
    return values->len > 0;
}

bool sieve_part_is_html(const struct sieve_mime_part *part)
{
    if (strcmp(part->type, "text") == 0)
        return strcmp(part->subtype, "html") == 0 || strcmp(part->subtype, "xhtml") == 0;
    return strcmp(part->type, "application") == 0 && strcmp(part->subtype, "xhtml+xml") == 0;
}
