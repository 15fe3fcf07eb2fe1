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
        g_ptr_array_add(view->fields, field);
    }
    return view->fields;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
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

// RFC 5322 §2.1.1: lines of at most 78 characters, broken at blanks.
static char *fold_value(const char *name, const char *value)
{
    GString *out = g_string_new(" ");
    gsize column = strlen(name) + 2;
    for (const char *at = value; *at;) {
        gsize word = strcspn(at + 1, " \t\r\n") + 1;
        if (*at == '\r' || *at == '\n') {
            // A line break of the script's own stays one, as a fold.
            at += strspn(at, "\r\n \t");
            g_string_append(out, "\r\n\t");
            column = 1;
            continue;
        }
        if (is_blank(*at) && column + word > 78) {
            g_string_append(out, "\r\n");
            column = 0;
        }
        g_string_append_len(out, at, (gssize)word);
        column += word;
        at += word;
    }
    return g_string_free(out, FALSE);
}

void sieve_view_add(struct sieve_view *view, const char *name, const char *value, bool last)
{
    struct sieve_view_field *field = g_new0(struct sieve_view_field, 1);
    field->name = g_strdup(name);
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    g_autofree char *encoded = text_encode_header(valid); // RFC 5293 §4
    field->raw = fold_value(name, encoded);
    // It is text, not encoded: what looks like an encoded word in it is none. A line end of its own
    // became a fold.
    g_autofree char *folded = fold_value(name, valid);
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

static void append_field(GString *out, const struct sieve_view_field *field, bool crlf)
{
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
    g_autoptr(GBytes) body = view->host->body(view->host->data);
    gsize size = 0;
    const char *data = g_bytes_get_data(body, &size);
    GPtrArray *fields = sieve_view_fields(view);
    bool crlf = size > 0 && uses_crlf(data, size);
    for (guint i = 0; i < fields->len && !crlf && size == 0; i++) {
        const struct sieve_view_field *field = g_ptr_array_index(fields, i);
        crlf = strstr(field->raw, "\r\n") != NULL;
    }
    GString *out = g_string_sized_new(size + 1024);
    for (guint i = 0; i < fields->len; i++)
        append_field(out, g_ptr_array_index(fields, i), crlf);
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
