// SPDX-License-Identifier: MIT
#include "hosts/sieve-host.h"

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "hosts/sieve-beside.h"
#include "message/date.h"
#include "message/place.h"
#include "sieve/limits.h"

#include <string.h>
#include <time.h>

static void part_free(gpointer data)
{
    struct sieve_mime_part *part = data;
    g_ptr_array_unref((GPtrArray *)part->fields);
    g_free((char *)part->type);
    g_free((char *)part->subtype);
    g_free(part);
}

static void drop_tree(struct sieve_source *source)
{
    g_clear_pointer(&source->parts, g_ptr_array_unref);
    g_clear_pointer(&source->tree, mime_tree_free);
}

void sieve_source_init(struct sieve_source *source)
{
    *source = (struct sieve_source){0};
    source->environment = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    source->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void sieve_source_release(struct sieve_source *source)
{
    drop_tree(source);
    g_clear_pointer(&source->replaced, message_free);
    g_free(source->from);
    g_free(source->to);
    g_free(source->orig_to);
    g_free(source->addressed);
    g_free(source->auth);
    g_clear_pointer(&source->envelope, g_hash_table_unref);
    g_hash_table_unref(source->environment);
    g_hash_table_unref(source->settings);
    g_free(source->maildir);
    g_free(source->personal);
    g_free(source->global);
    g_free(source->hindrance);
}

void sieve_source_set_message(struct sieve_source *source, struct message *message)
{
    drop_tree(source);
    g_clear_pointer(&source->replaced, message_free);
    source->message = message;
}

struct message *sieve_source_message(const struct sieve_source *source)
{
    return source->replaced ? source->replaced : source->message;
}

// ---- Header and body

static char *without_nuls(const char *text, gsize length)
{
    char *copy = g_strndup("", length);
    memcpy(copy, text, length);
    for (gsize i = 0; i < length; i++) {
        if (!copy[i])
            copy[i] = ' ';
    }
    copy[length] = '\0';
    return copy;
}

static void add_fields(const struct message *message, GPtrArray *fields)
{
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *from = &g_array_index(message->fields, struct header_field, i);
        struct sieve_field *field = g_new0(struct sieve_field, 1);
        field->name = g_strndup(from->line, from->name_length);
        field->value = without_nuls(from->value, from->value_length);
        field->line = from->line;
        field->line_length = from->line_length;
        g_ptr_array_add(fields, field);
    }
}

static void add_line(const char *start, const char *end, GPtrArray *fields)
{
    struct sieve_field *field = sieve_field_new("", "");
    field->line = start;
    field->line_length = (gsize)(end - start);
    g_ptr_array_add(fields, field);
}

// Where the body begins for scripts. A line in the header that is no field ends the header for an
// MTA; people's rules are meant for the fields behind it too, so up to MAX_BROKEN of them are
// stepped over.
#define MAX_BROKEN 10

static bool is_behind_empty_line(const struct message *message, const char *body)
{
    const char *at = body - (body > message->data && body[-1] == '\n');
    at -= at > message->data && at < body && at[-1] == '\r';
    return at < body && (at == message->data || at[-1] == '\n');
}

// The index of a header ends at its limit; the next one begins there.
static const char *real_body(const struct message *message, GPtrArray *fields)
{
    const char *body = message->body, *end = message->data + message->size;
    bool cut = message->header_cut;
    for (guint i = 0; i < MAX_BROKEN && body < end && (cut || !is_behind_empty_line(message, body));
         i++) {
        const char *line_end = memchr(body, '\n', (gsize)(end - body));
        const char *next = cut ? body : line_end ? line_end + 1 : NULL;
        if (!next)
            break;
        g_autoptr(GBytes) rest = g_bytes_new_static(next, (gsize)(end - next));
        g_autoptr(Message) behind = message_new(rest);
        if (behind->fields->len == 0)
            break;
        if (fields && next > body)
            add_line(body, next, fields);
        if (fields)
            add_fields(behind, fields);
        body = behind->body;
        cut = behind->header_cut;
    }
    return body;
}

static GPtrArray *host_fields(void *data)
{
    const struct message *message = sieve_source_message(data);
    GPtrArray *fields = g_ptr_array_new_with_free_func(sieve_field_free);
    add_fields(message, fields);
    real_body(message, fields);
    return fields;
}

static char *host_decode(void *data, const char *raw)
{
    (void)data;
    return mime_decode_header(raw, -1);
}

// Octets as they go over the wire: a line ends in CRLF, however the message came.
static guint64 host_size(void *data)
{
    const struct message *message = sieve_source_message(data);
    guint64 size = message->size;
    const char *at = message->data, *end = message->data + message->size;
    while ((at = memchr(at, '\n', (gsize)(end - at)))) {
        size += at == message->data || at[-1] != '\r';
        if (++at == end)
            break;
    }
    return size;
}

// RFC 5173 §4: a header that no empty line follows has no body, not even an empty one.
static bool host_has_body(void *data)
{
    const struct message *message = sieve_source_message(data);
    const char *body = real_body(message, NULL);
    return body < message->data + message->size || is_behind_empty_line(message, body);
}

static bool host_header_closed(void *data)
{
    const struct message *message = sieve_source_message(data);
    return is_behind_empty_line(message, real_body(message, NULL));
}

static GBytes *host_body(void *data)
{
    const struct message *message = sieve_source_message(data);
    const char *body = real_body(message, NULL);
    return g_bytes_new(body, (gsize)(message->data + message->size - body));
}

void sieve_source_replace(struct sieve_source *source, GBytes *bytes)
{
    drop_tree(source);
    g_clear_pointer(&source->replaced, message_free);
    source->replaced = bytes ? message_new(bytes) : NULL;
}

static void host_replace(void *data, GBytes *bytes)
{
    sieve_source_replace(data, bytes);
}

// ---- Parts

static const char *field_of(const struct mime_part *part, const char *name)
{
    return mime_part_field(part, name, 0);
}

// "text/plain/stupid", "text" and "/plain" are no types, though a lenient parser makes some of
// them.
static bool type_is_valid(const struct mime_part *part)
{
    const char *value = field_of(part, "Content-Type");
    const char *slash = value ? strchr(value, '/') : NULL;
    if (!slash)
        return !value;
    const char *subtype = slash + 1 + strspn(slash + 1, " \t");
    const char *end = subtype + strcspn(subtype, " \t\r\n;(");
    return slash > value && end > subtype && !memchr(subtype, '/', (gsize)(end - subtype));
}

static bool encoding_is_known(const struct mime_part *part)
{
    static const char *const names[] = {"7bit", "8bit", "binary", "quoted-printable", "base64"};
    const char *value = field_of(part, "Content-Transfer-Encoding");
    if (!value)
        return true;
    gsize length = strcspn(value, " \t\r\n;(");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strlen(names[i]) == length && g_ascii_strncasecmp(names[i], value, length) == 0)
            return true;
    }
    return false;
}

static struct sieve_mime_part *convert_part(const struct mime_part *from)
{
    struct sieve_mime_part *part = g_new0(struct sieve_mime_part, 1);
    GPtrArray *fields = g_ptr_array_new_with_free_func(sieve_field_free);
    bool ok = type_is_valid(from);
    part->parent = from->parent;
    part->multipart = from->kind == MIME_MULTIPART;
    part->message = from->kind == MIME_MESSAGE;
    part->type = g_strdup(ok ? from->type : "");
    part->subtype = g_strdup(ok ? from->subtype : "");
    for (guint i = 0; i < from->fields->len; i++) {
        const struct mime_field *field = g_ptr_array_index(from->fields, i);
        g_ptr_array_add(fields, sieve_field_new(field->name, field->value));
    }
    part->fields = fields;
    return part;
}

// Without the MIME module there are no parts. A delivery does not count on what tests then say
// (mime_lacks); to others the log says it.
static void load_parts(struct sieve_source *source)
{
    static const struct mime_limits limits = {SIEVE_MAX_BODY, MIME_MAX_PARTS, MIME_MAX_DEPTH,
                                              false};
    g_autoptr(GError) err = NULL;
    if (source->parts)
        return;
    source->parts = g_ptr_array_new_with_free_func(part_free);
    if (!mime_parse(sieve_source_message(source), &limits, &source->tree, &err)) {
        log_line(LOG_LEVEL_ERROR, "Sieve: MIME parts cannot be read: %s", err->message);
        return;
    }
    for (guint i = 0; i < source->tree->parts->len; i++)
        g_ptr_array_add(source->parts, convert_part(g_ptr_array_index(source->tree->parts, i)));
}

static guint host_part_count(void *data)
{
    struct sieve_source *source = data;
    load_parts(source);
    return source->parts->len;
}

static void host_part(void *data, guint n, struct sieve_mime_part *part_r)
{
    struct sieve_source *source = data;
    load_parts(source);
    *part_r = *(struct sieve_mime_part *)g_ptr_array_index(source->parts, n);
}

static const struct mime_part *part_at(struct sieve_source *source, guint n)
{
    load_parts(source);
    return g_ptr_array_index(source->tree->parts, n);
}

static void host_part_around(void *data, guint n, GBytes **prologue_r, GBytes **epilogue_r)
{
    struct sieve_source *source = data;
    *prologue_r = *epilogue_r = NULL;
    load_parts(source);
    if (!mime_part_around(sieve_source_message(source), source->tree, n, prologue_r, epilogue_r))
        *prologue_r = g_bytes_new_static("", 0);
}

static GBytes *host_part_content(void *data, guint n)
{
    struct sieve_source *source = data;
    const struct mime_part *part = part_at(source, n);
    if (!encoding_is_known(part))
        return g_bytes_new_static("", 0);
    return mime_part_content(part, SIEVE_MAX_BODY);
}

static bool host_part_place(void *data, guint n, gsize *start_r, gsize *length_r)
{
    struct sieve_source *source = data;
    const struct message *message = sieve_source_message(source);
    gsize body = (gsize)(real_body(message, NULL) - message->data), start = 0;
    load_parts(source);
    if (!source->tree || !mime_part_place(message, source->tree, n, &start, length_r) ||
        start < body)
        return false;
    *start_r = start - body;
    return true;
}

// Scripts hold their line ends as CRLF; so does what they are compared with.
static char *with_crlf(char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 64);
    for (const char *at = text; *at; at++) {
        if (*at == '\n' && (at == text || at[-1] != '\r'))
            g_string_append_c(out, '\r');
        g_string_append_c(out, *at);
    }
    g_free(text);
    return g_string_free(out, FALSE);
}

static char *host_part_text(void *data, guint n)
{
    struct sieve_source *source = data;
    const struct mime_part *part = part_at(source, n);
    if (!encoding_is_known(part))
        return g_strdup("");
    return with_crlf(mime_part_text(part, SIEVE_MAX_BODY, NULL));
}

static char *host_part_html(void *data, guint n)
{
    g_autofree char *html = host_part_text(data, n);
    return with_crlf(mime_html_to_text(html, strlen(html), NULL));
}

// ---- Surroundings

static const char *host_envelope(void *data, const char *part)
{
    const struct sieve_source *source = data;
    if (strcmp(part, "from") == 0)
        return source->from;
    if (strcmp(part, "to") == 0)
        return source->addressed ? source->addressed : source->to;
    if (strcmp(part, "auth") == 0)
        return source->auth;
    return source->envelope ? g_hash_table_lookup(source->envelope, part) : NULL;
}

// vnd.dovecot.config.NAME is what the site sets as environment/NAME.
const char *sieve_source_config_item(const struct sieve_source *source, const char *item)
{
    const char *name = g_str_has_prefix(item, "vnd.dovecot.config.") ? item + 19 : item;
    g_autofree char *key = g_strconcat("environment/", name, NULL);
    return g_hash_table_lookup(source->settings, key);
}

static char *host_environment(void *data, const char *item)
{
    const struct sieve_source *source = data;
    const char *value = g_hash_table_lookup(source->environment, item);
    if (!value && g_str_has_prefix(item, "vnd.dovecot.config."))
        value = sieve_source_config_item(source, item);
    if (value)
        return g_strdup(value);
    if (strcmp(item, "name") == 0)
        return g_strdup("backstop");
    if (strcmp(item, "version") == 0)
        return g_strdup(PACKAGE_VERSION);
    if (strcmp(item, "location") == 0)
        return g_strdup("MDA");
    if (strcmp(item, "phase") == 0)
        return g_strdup("during");
    if (strcmp(item, "host") == 0)
        return g_strdup(g_get_host_name());
    if (strcmp(item, "domain") == 0) {
        const char *dot = strchr(g_get_host_name(), '.');
        return dot ? g_strdup(dot + 1) : NULL;
    }
    if (strcmp(item, "vnd.dovecot.default-mailbox") == 0)
        return g_strdup("INBOX");
    if (strcmp(item, "vnd.dovecot.username") == 0)
        return g_strdup(g_get_user_name());
    return NULL;
}

static const char *host_setting(void *data, const char *name)
{
    const struct sieve_source *source = data;
    return g_hash_table_lookup(source->settings, name);
}

bool sieve_source_set_date(struct sieve_source *source, const char *date)
{
    return date_parse(date, &source->now);
}

static gint64 host_now(void *data)
{
    const struct sieve_source *source = data;
    return source->now ? source->now : (gint64)time(NULL);
}

static bool host_load(void *data, enum sieve_location location, const char *name, char **text_r,
                      gsize *size_r, GError **err)
{
    struct sieve_source *source = data;
    const char *directory = location == SIEVE_GLOBAL ? source->global : source->personal;
    g_autoptr(GError) failure = NULL;
    if (!directory)
        return mda_fail(err, MDA_ERROR_GONE, "there is no directory of scripts");
    // NAME is without '/': the engine sees to that.
    g_autofree char *file = g_strconcat(name, ".sieve", NULL);
    g_autofree char *path = g_build_filename(directory, file, NULL);
    if (files_read(path, SIEVE_MAX_SCRIPT, text_r, size_r, &failure))
        return true;
    if (g_error_matches(failure, MDA_ERROR, MDA_ERROR_TEMP) && !source->hindrance)
        source->hindrance = g_strdup(failure->message);
    g_propagate_error(err, g_steal_pointer(&failure));
    return false;
}

static void host_trace(void *data, guint line, const char *text)
{
    const struct sieve_source *source = data;
    source->tracer(source->trace_context, line, text);
}

void sieve_source_host(struct sieve_source *source, struct sieve_host *host)
{
    *host = (struct sieve_host){
        .data = source,
        .fields = host_fields,
        .decode = host_decode,
        .size = host_size,
        .has_body = host_has_body,
        .header_closed = host_header_closed,
        .body = host_body,
        .part_count = host_part_count,
        .part = host_part,
        .part_content = host_part_content,
        .part_around = host_part_around,
        .part_text = host_part_text,
        .part_html = host_part_html,
        .part_place = host_part_place,
        .replace = host_replace,
        .envelope = host_envelope,
        .environment = host_environment,
        .setting = host_setting,
        .now = host_now,
        .load = host_load,
        .trace = source->tracer ? host_trace : NULL,
    };
    sieve_beside_host(source, host, false);
}
