// SPDX-License-Identifier: MIT
#include "sieve/lang/view.h"

#include "base/text.h"
#include "sieve/limits.h"

#include <string.h>

struct sieve_field *sieve_field_new(const char *name, const char *value)
{
    struct sieve_field *field = g_new0(struct sieve_field, 1);
    field->name = g_strdup(name);
    field->value = g_strdup(value);
    return field;
}

void sieve_field_free(gpointer data)
{
    struct sieve_field *field = data;
    g_free(field->name);
    g_free(field->value);
    g_free(field);
}

static void view_field_free(gpointer data)
{
    struct sieve_view_field *field = data;
    g_free(field->name);
    g_free(field->raw);
    g_free(field->decoded);
    g_free(field);
}

struct sieve_view *sieve_view_new(const struct sieve_host *host)
{
    struct sieve_view *view = g_new0(struct sieve_view, 1);
    view->host = host;
    return view;
}

void sieve_view_reset(struct sieve_view *view)
{
    g_clear_pointer(&view->fields, g_ptr_array_unref);
    g_clear_pointer(&view->unenclosed, g_bytes_unref);
    view->edited = false;
}

void sieve_view_free(struct sieve_view *view)
{
    sieve_view_reset(view);
    g_free(view);
}

GPtrArray *sieve_view_fields(struct sieve_view *view)
{
    if (view->fields)
        return view->fields;
    view->fields = g_ptr_array_new_with_free_func(view_field_free);
    g_autoptr(GPtrArray) fields = view->host->fields(view->host->data);
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_field *from = g_ptr_array_index(fields, i);
        struct sieve_view_field *field = g_new0(struct sieve_view_field, 1);
        field->name = g_steal_pointer(&from->name);
        field->raw = g_steal_pointer(&from->value);
        field->line = from->line;
        field->line_length = from->line_length;
        g_ptr_array_add(view->fields, field);
    }
    return view->fields;
}

char *sieve_unfold(const char *raw)
{
    gsize length = strnlen(raw, SIEVE_MAX_HEADER);
    GString *out = g_string_sized_new(length);
    for (gsize i = 0; i < length; i++) {
        if (raw[i] != '\r' && raw[i] != '\n') {
            g_string_append_c(out, raw[i]);
            continue;
        }
        // Only line ends are dropped; a tab that begins the next line is a blank.
        if (i + 1 < length && raw[i + 1] == '\t') {
            g_string_append_c(out, ' ');
            i++;
        }
    }
    g_strstrip(out->str);
    return g_string_free(out, FALSE);
}

const char *sieve_view_decoded(struct sieve_view *view, struct sieve_view_field *field)
{
    if (!field->decoded) {
        g_autofree char *unfolded = sieve_unfold(field->raw);
        bool plain = !strstr(unfolded, "=?") && g_utf8_validate(unfolded, -1, NULL);
        field->decoded =
            plain ? g_steal_pointer(&unfolded) : view->host->decode(view->host->data, unfolded);
    }
    return field->decoded;
}

void sieve_view_add(struct sieve_view *view, const char *name, const char *value, bool last)
{
    struct sieve_view_field *field = g_new0(struct sieve_view_field, 1);
    field->name = g_strdup(name);
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    g_autofree char *encoded = text_encode_header(valid); // RFC 5293 §4
    field->raw = text_fold_header(name, encoded);
    // It is text, not encoded: what looks like an encoded word in it is none. A line end of its own
    // became a fold.
    g_autofree char *folded = text_fold_header(name, valid);
    field->decoded = sieve_unfold(folded);
    g_ptr_array_insert(sieve_view_fields(view), last ? -1 : 0, field);
    view->edited = true;
}

void sieve_view_remove(struct sieve_view *view, guint n)
{
    g_ptr_array_remove_index(sieve_view_fields(view), n);
    view->edited = true;
}

// Does the text use CRLF? Decided by its first line end.
static bool uses_crlf(const char *data, gsize size)
{
    const char *lf = memchr(data, '\n', size);
    return lf && lf > data && lf[-1] == '\r';
}

void sieve_view_append(GString *out, const struct sieve_view_field *field, bool crlf)
{
    if (field->line) {
        g_string_append_len(out, field->line, (gssize)field->line_length);
        // The last line of a header without a body may have no end.
        if (field->line_length == 0 || !strchr("\r\n", field->line[field->line_length - 1]))
            g_string_append(out, crlf ? "\r\n" : "\n");
        return;
    }
    g_string_append_printf(out, "%s:", field->name);
    for (const char *at = field->raw; *at; at++) {
        if (*at == '\r' && at[1] == '\n')
            continue;
        if (*at == '\n' && crlf)
            g_string_append_c(out, '\r');
        g_string_append_c(out, *at);
    }
    g_string_append(out, crlf ? "\r\n" : "\n");
}

GBytes *sieve_view_message(struct sieve_view *view)
{
    const struct sieve_host *host = view->host;
    g_autoptr(GBytes) body = host->body(host->data);
    gsize size = 0;
    const char *data = g_bytes_get_data(body, &size);
    GPtrArray *fields = sieve_view_fields(view);
    bool crlf = size > 0 && uses_crlf(data, size);
    for (guint i = 0; i < fields->len && !crlf && size == 0; i++) {
        const struct sieve_view_field *field = g_ptr_array_index(fields, i);
        crlf = field->line ? uses_crlf(field->line, field->line_length)
                           : strstr(field->raw, "\r\n") != NULL;
    }
    GString *out = g_string_sized_new(size + 1024);
    for (guint i = 0; i < fields->len; i++)
        sieve_view_append(out, g_ptr_array_index(fields, i), crlf);
    // A text that runs on behind the header without an empty line does so afterwards.
    if (size == 0 || !host->header_closed || host->header_closed(host->data))
        g_string_append(out, crlf ? "\r\n" : "\n");
    if (size > 0)
        g_string_append_len(out, data, (gssize)size);
    return g_string_free_to_bytes(out);
}

guint64 sieve_view_size(struct sieve_view *view)
{
    if (!view->edited)
        return view->host->size(view->host->data);
    g_autoptr(GBytes) message = sieve_view_message(view);
    gsize size = 0;
    const char *data = g_bytes_get_data(message, &size);
    guint64 octets = size;
    for (gsize i = 0; i < size; i++)
        octets += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
    return octets;
}
