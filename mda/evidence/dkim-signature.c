// SPDX-License-Identifier: MIT
#include "evidence/dkim-signature.h"

#include <string.h>

#define HEADERS_MAX 200

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Finds TAG in LIST: the first byte of its value and its length. NULL when it is not there.
static const char *find_tag(const char *list, const char *tag, gsize *length_r)
{
    const gsize wanted = strlen(tag);
    for (const char *at = list; *at;) {
        const gsize segment = strcspn(at, ";");
        const char *name = at;
        while (name < at + segment && is_space(*name))
            name++;
        const char *equals = memchr(name, '=', (gsize)(at + segment - name));
        gsize length = equals ? (gsize)(equals - name) : 0;
        while (length > 0 && is_space(name[length - 1]))
            length--;
        if (equals && length == wanted && strncmp(name, tag, length) == 0) {
            *length_r = (gsize)(at + segment - equals - 1);
            return equals + 1;
        }
        at += segment + (at[segment] == ';');
    }
    return NULL;
}

char *dkim_tag(const char *list, const char *tag)
{
    gsize length;
    const char *value = find_tag(list, tag, &length);
    if (!value)
        return NULL;
    GString *text = g_string_sized_new(length);
    for (gsize i = 0; i < length; i++) {
        if (!is_space(value[i]))
            g_string_append_c(text, value[i]);
    }
    return g_string_free(text, FALSE);
}

static gint64 number_tag(const char *list, const char *tag, gint64 fallback)
{
    g_autofree char *text = dkim_tag(list, tag);
    char *end;
    if (!text || !*text)
        return fallback;
    const gint64 number = g_ascii_strtoll(text, &end, 10);
    return *end ? fallback : number;
}

static guint8 *base64_tag(const char *list, const char *tag, gsize *size_r)
{
    g_autofree char *text = dkim_tag(list, tag);
    *size_r = 0;
    return text && *text ? g_base64_decode(text, size_r) : NULL;
}

static void read_canonicalization(const char *list, struct dkim_signature *signature)
{
    g_autofree char *text = dkim_tag(list, "c");
    const char *slash = text ? strchr(text, '/') : NULL;
    signature->relaxed_header = text && g_ascii_strncasecmp(text, "relaxed", 7) == 0;
    signature->relaxed_body = slash && g_ascii_strcasecmp(slash + 1, "relaxed") == 0;
}

static bool is_sound(const struct dkim_signature *signature)
{
    bool has_from = false;
    for (char **name = signature->headers; name && *name; name++)
        has_from |= g_ascii_strcasecmp(*name, "From") == 0;
    return signature->domain && *signature->domain && signature->selector && *signature->selector &&
           signature->algorithm && signature->signature_size > 0 && has_from &&
           g_strv_length(signature->headers) <= HEADERS_MAX;
}

struct dkim_signature *dkim_signature_read(const char *field)
{
    const char *colon = strchr(field, ':');
    if (!colon)
        return NULL;
    const char *list = colon + 1;
    g_autofree char *version = dkim_tag(list, "v");
    g_autofree char *headers = dkim_tag(list, "h");
    struct dkim_signature *signature = g_new0(struct dkim_signature, 1);
    signature->domain = dkim_tag(list, "d");
    signature->selector = dkim_tag(list, "s");
    signature->algorithm = dkim_tag(list, "a");
    signature->headers = headers ? g_strsplit(headers, ":", HEADERS_MAX + 1) : NULL;
    signature->signature = base64_tag(list, "b", &signature->signature_size);
    signature->body_hash = base64_tag(list, "bh", &signature->body_hash_size);
    signature->time = number_tag(list, "t", 0);
    signature->expires = number_tag(list, "x", 0);
    signature->body_length = number_tag(list, "l", -1);
    read_canonicalization(list, signature);
    if (version && strcmp(version, "1") == 0 && is_sound(signature))
        return signature;
    dkim_signature_free(signature);
    return NULL;
}

void dkim_signature_free(struct dkim_signature *signature)
{
    if (!signature)
        return;
    g_free(signature->domain);
    g_free(signature->selector);
    g_free(signature->algorithm);
    g_strfreev(signature->headers);
    g_free(signature->signature);
    g_free(signature->body_hash);
    g_free(signature);
}

bool dkim_signs(const struct dkim_signature *signature, const char *name)
{
    for (char **header = signature->headers; *header; header++) {
        if (g_ascii_strcasecmp(*header, name) == 0)
            return true;
    }
    return false;
}

// RFC 6376 §3.4.2: the name in lower case, white space and folding to one blank each.
static void append_relaxed(GString *text, const char *name, gsize name_length, const char *value)
{
    while (name_length > 0 && is_space(name[name_length - 1]))
        name_length--;
    for (gsize i = 0; i < name_length; i++)
        g_string_append_c(text, g_ascii_tolower(name[i]));
    g_string_append_c(text, ':');
    bool blank = false, any = false;
    for (; *value; value++) {
        if (is_space(*value)) {
            blank = any;
            continue;
        }
        if (blank)
            g_string_append_c(text, ' ');
        g_string_append_c(text, *value);
        blank = false;
        any = true;
    }
}

// §3.4.1: as it came, line ends as CRLF.
static void append_simple(GString *text, const char *field)
{
    for (const char *at = field; *at; at++) {
        if (*at == '\n' && (at == field || at[-1] != '\r'))
            g_string_append_c(text, '\r');
        g_string_append_c(text, *at);
    }
}

static void append_field(GString *text, const struct dkim_signature *signature, const char *field)
{
    const char *colon = strchr(field, ':');
    if (signature->relaxed_header && colon)
        append_relaxed(text, field, (gsize)(colon - field), colon + 1);
    else
        append_simple(text, field);
}

static bool is_called(const char *field, const char *name)
{
    const gsize length = strlen(name);
    if (g_ascii_strncasecmp(field, name, length) != 0)
        return false;
    field += length;
    while (is_space(*field))
        field++;
    return *field == ':';
}

// The last field called NAME above *END, or NULL; *END becomes its place (§5.4.2).
static const char *previous_field(const GPtrArray *fields, const char *name, guint *end)
{
    while (*end > 0) {
        (*end)--;
        const char *field = g_ptr_array_index(fields, *end);
        if (is_called(field, name))
            return field;
    }
    return NULL;
}

// FIELD with the value of b= taken out.
static char *without_signature(const char *field)
{
    gsize length;
    const char *value = find_tag(strchr(field, ':') + 1, "b", &length);
    GString *text = g_string_new(NULL);
    g_string_append_len(text, field, value - field);
    g_string_append(text, value + length);
    return g_string_free(text, FALSE);
}

void dkim_hash_header(const struct dkim_signature *signature, const char *field,
                      const GPtrArray *fields, guint8 hash_r[32])
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) ends = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **name = signature->headers; *name; name++) {
        g_autofree char *folded = g_ascii_strdown(*name, -1);
        gpointer place;
        const bool again = g_hash_table_lookup_extended(ends, folded, NULL, &place);
        guint end = again ? GPOINTER_TO_UINT(place) : fields->len;
        const char *signed_field = previous_field(fields, *name, &end);
        g_hash_table_insert(ends, g_steal_pointer(&folded), GUINT_TO_POINTER(end));
        if (!signed_field)
            continue; // signed as absent
        append_field(text, signature, signed_field);
        g_string_append(text, "\r\n");
    }
    g_autofree char *own = without_signature(field);
    append_field(text, signature, own);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text->str, (gssize)text->len);
    gsize size = 32;
    g_checksum_get_digest(checksum, hash_r, &size);
}

// Appends one line of a body in its relaxed form (§3.4.4): blanks to one, none at the end.
static void append_body_line(GString *text, const char *line, gsize length, bool relaxed)
{
    if (!relaxed) {
        g_string_append_len(text, line, (gssize)length);
        return;
    }
    bool blank = false;
    for (gsize i = 0; i < length; i++) {
        if (line[i] == ' ' || line[i] == '\t') {
            blank = true;
            continue;
        }
        if (blank)
            g_string_append_c(text, ' ');
        g_string_append_c(text, line[i]);
        blank = false;
    }
}

bool dkim_body_fits(const struct dkim_signature *signature, const char *body, gsize size)
{
    g_autoptr(GString) text = g_string_sized_new(size + 2);
    gsize kept = 0; // up to the end of the last line that is not empty
    for (gsize at = 0; at < size;) {
        const char *end = memchr(body + at, '\n', size - at);
        gsize length = end ? (gsize)(end - body) - at : size - at;
        const gsize next = at + length + 1;
        if (length > 0 && body[at + length - 1] == '\r')
            length--;
        const gsize before = text->len;
        append_body_line(text, body + at, length, signature->relaxed_body);
        const bool empty = text->len == before;
        g_string_append(text, "\r\n");
        if (!empty)
            kept = text->len;
        at = next;
    }
    g_string_truncate(text, kept);
    if (kept == 0 && !signature->relaxed_body)
        g_string_append(text, "\r\n");
    if (signature->body_length >= 0 && (gsize)signature->body_length < text->len)
        g_string_truncate(text, (gsize)signature->body_length);
    guint8 hash[32];
    gsize hash_size = sizeof hash;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text->str, (gssize)text->len);
    g_checksum_get_digest(checksum, hash, &hash_size);
    return signature->body_hash_size == sizeof hash &&
           memcmp(signature->body_hash, hash, sizeof hash) == 0;
}
