// SPDX-License-Identifier: MIT
#include "evidence/dkim-signature.h"

#include <string.h>

#define HEADERS_MAX 200
#define TAGS_MAX 60
// As many as §3.5 asks for t= and x=, and no more than a number holds.
#define DIGITS_MAX 12

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

bool dkim_is_list(const char *list)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) tags = g_strsplit(list, ";", TAGS_MAX + 1);
    if (g_strv_length(tags) > TAGS_MAX)
        return false;
    for (char **tag = tags; *tag; tag++) {
        char *equals = strchr(*tag, '=');
        if (equals)
            *equals = '\0';
        g_strstrip(*tag);
        if (!equals ? **tag != '\0' : !g_hash_table_add(seen, g_strdup(*tag)))
            return false;
    }
    return true;
}

// Digits alone (§3.5). False when TAG is there and holds something else.
static bool number_tag(const char *list, const char *tag, gint64 fallback, gint64 *number_r)
{
    g_autofree char *text = dkim_tag(list, tag);
    *number_r = fallback;
    if (!text)
        return true;
    if (!*text || strlen(text) > DIGITS_MAX || text[strspn(text, "0123456789")])
        return false;
    *number_r = g_ascii_strtoll(text, NULL, 10);
    return true;
}

static guint8 *base64_tag(const char *list, const char *tag, gsize *size_r)
{
    g_autofree char *text = dkim_tag(list, tag);
    *size_r = 0;
    return text && *text ? g_base64_decode(text, size_r) : NULL;
}

static bool read_algorithm(const char *name, bool *relaxed_r)
{
    *relaxed_r = g_ascii_strcasecmp(name, "relaxed") == 0;
    return *relaxed_r || g_ascii_strcasecmp(name, "simple") == 0;
}

static bool read_canonicalization(const char *list, struct dkim_signature *signature)
{
    g_autofree char *text = dkim_tag(list, "c");
    if (!text)
        return true;
    g_auto(GStrv) parts = g_strsplit(text, "/", 3);
    return parts[0] && read_algorithm(parts[0], &signature->relaxed_header) &&
           (!parts[1] || (read_algorithm(parts[1], &signature->relaxed_body) && !parts[2]));
}

// q=: where the key may be asked for, of which we know one way (§3.5).
static bool has_dns_key(const char *list)
{
    g_autofree char *text = dkim_tag(list, "q");
    g_auto(GStrv) ways = g_strsplit(text ? text : "dns/txt", ":", -1);
    for (char **way = ways; *way; way++) {
        if (g_ascii_strcasecmp(*way, "dns/txt") == 0)
            return true;
    }
    return false;
}

// The domain behind i= is d= or below it (§3.5).
static bool is_identity_within(const struct dkim_signature *signature)
{
    const char *at = signature->identity ? strrchr(signature->identity, '@') : NULL;
    if (!signature->identity)
        return true;
    const gsize length = at ? strlen(at + 1) : 0, wanted = strlen(signature->domain);
    if (length < wanted)
        return false;
    const char *tail = at + 1 + (length - wanted);
    return g_ascii_strcasecmp(tail, signature->domain) == 0 &&
           (length == wanted || tail[-1] == '.');
}

static bool is_sound(const struct dkim_signature *signature)
{
    bool has_from = false;
    for (char **name = signature->headers; name && *name; name++)
        has_from |= g_ascii_strcasecmp(*name, "From") == 0;
    return signature->domain && *signature->domain && signature->selector && *signature->selector &&
           signature->algorithm && signature->signature_size > 0 && signature->body_hash_size > 0 &&
           has_from && g_strv_length(signature->headers) <= HEADERS_MAX &&
           is_identity_within(signature);
}

struct dkim_signature *dkim_signature_read(const char *field)
{
    const char *colon = strchr(field, ':');
    if (!colon || !dkim_is_list(colon + 1))
        return NULL;
    const char *list = colon + 1;
    g_autofree char *version = dkim_tag(list, "v");
    g_autofree char *headers = dkim_tag(list, "h");
    struct dkim_signature *signature = g_new0(struct dkim_signature, 1);
    signature->domain = dkim_tag(list, "d");
    signature->selector = dkim_tag(list, "s");
    signature->identity = dkim_tag(list, "i");
    signature->algorithm = dkim_tag(list, "a");
    signature->headers = headers ? g_strsplit(headers, ":", HEADERS_MAX + 1) : NULL;
    signature->signature = base64_tag(list, "b", &signature->signature_size);
    signature->body_hash = base64_tag(list, "bh", &signature->body_hash_size);
    const bool numbers = number_tag(list, "t", 0, &signature->time) &&
                         number_tag(list, "x", 0, &signature->expires) &&
                         number_tag(list, "l", -1, &signature->body_length);
    if (numbers && read_canonicalization(list, signature) && has_dns_key(list) && version &&
        strcmp(version, "1") == 0 && is_sound(signature))
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
    g_free(signature->identity);
    g_free(signature->algorithm);
    g_strfreev(signature->headers);
    g_free(signature->signature);
    g_free(signature->body_hash);
    g_free(signature);
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

bool dkim_is_called(const char *field, const char *name)
{
    const gsize length = strlen(name);
    if (g_ascii_strncasecmp(field, name, length) != 0)
        return false;
    field += length;
    while (is_space(*field))
        field++;
    return *field == ':';
}

// The last field called NAME above *END, or NULL; *END becomes its place (§5.4.2). OWN, the
// signature itself, does not count (§3.5, h=).
static const char *previous_field(const GPtrArray *fields, const char *own, const char *name,
                                  guint *end)
{
    while (*end > 0) {
        (*end)--;
        const char *field = g_ptr_array_index(fields, *end);
        if (field != own && dkim_is_called(field, name))
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

GPtrArray *dkim_signed_fields(const struct dkim_signature *signature, const char *field,
                              const GPtrArray *fields)
{
    GPtrArray *found = g_ptr_array_new();
    g_autoptr(GHashTable) ends = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **name = signature->headers; *name; name++) {
        g_autofree char *folded = g_ascii_strdown(*name, -1);
        gpointer place;
        const bool again = g_hash_table_lookup_extended(ends, folded, NULL, &place);
        guint end = again ? GPOINTER_TO_UINT(place) : fields->len;
        const char *signed_field = previous_field(fields, field, *name, &end);
        g_hash_table_insert(ends, g_steal_pointer(&folded), GUINT_TO_POINTER(end));
        if (signed_field) // else signed as absent
            g_ptr_array_add(found, (gpointer)signed_field);
    }
    return found;
}

void dkim_hash_header(const struct dkim_signature *signature, const char *field,
                      const GPtrArray *fields, guint8 hash_r[32])
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) found = dkim_signed_fields(signature, field, fields);
    for (guint i = 0; i < found->len; i++) {
        append_field(text, signature, g_ptr_array_index(found, i));
        g_string_append(text, "\r\n");
    }
    g_autofree char *own = without_signature(field);
    append_field(text, signature, own);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text->str, (gssize)text->len);
    gsize size = 32;
    g_checksum_get_digest(checksum, hash_r, &size);
}

bool dkim_has_unsigned_twin(const struct dkim_signature *signature, const GPtrArray *fields,
                            const char **name_r)
{
    // RFC 5322 §3.6: at most one of each.
    static const char *const single[] = {"From",       "Sender",      "Reply-To",  "To",
                                         "Cc",         "Bcc",         "Subject",   "Date",
                                         "Message-ID", "In-Reply-To", "References"};
    for (gsize i = 0; i < G_N_ELEMENTS(single); i++) {
        guint listed = 0, there = 0;
        for (char **name = signature->headers; *name; name++)
            listed += g_ascii_strcasecmp(*name, single[i]) == 0;
        for (guint j = 0; j < fields->len; j++)
            there += dkim_is_called(g_ptr_array_index(fields, j), single[i]);
        if (listed > 0 && there > listed) {
            *name_r = single[i];
            return true;
        }
    }
    return false;
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
    if (signature->body_length >= 0 && (gsize)signature->body_length != text->len)
        return false; // §8.2, and §3.5: it is no longer than the body either
    guint8 hash[32];
    gsize hash_size = sizeof hash;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text->str, (gssize)text->len);
    g_checksum_get_digest(checksum, hash, &hash_size);
    return signature->body_hash_size == sizeof hash &&
           memcmp(signature->body_hash, hash, sizeof hash) == 0;
}
