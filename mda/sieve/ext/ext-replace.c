// SPDX-License-Identifier: MIT
// enclose, replace (RFC 5703 §5, §6): the message becomes another one for everything that follows.
#include "sieve/lang/address-parts.h"
#include "sieve/lang/engine.h"

#include <string.h>

#define PLAIN_TEXT                                                                                 \
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

static bool is_mime_field(const char *name)
{
    return g_ascii_strncasecmp(name, "content-", 8) == 0 ||
           g_ascii_strcasecmp(name, "mime-version") == 0;
}

static bool available(const struct sieve_host *host)
{
    return host->replace != NULL;
}

static void append_line(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, "%s: %s\r\n", name, value);
}

// The message's own fields but those that say what the body is.
static void append_fields(GString *out, struct sieve_run *run, const char *without)
{
    GPtrArray *fields = sieve_view_fields(run->view);
    for (guint i = 0; i < fields->len; i++) {
        const struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (!*field->name)
            sieve_view_append(out, field, true);
        else if (!is_mime_field(field->name) &&
                 (!without || g_ascii_strcasecmp(field->name, without) != 0))
            g_string_append_printf(out, "%s:%s\r\n", field->name, field->raw);
    }
}

// Header text that is not ASCII must be encoded (RFC 2047).
static char *encode(const char *text)
{
    g_autofree char *line = g_strdelimit(g_strdup(text), "\r\n", ' ');
    if (g_str_is_ascii(line))
        return g_steal_pointer(&line);
    g_autofree char *base64 = g_base64_encode((const guchar *)line, strlen(line));
    return g_strdup_printf("=?utf-8?B?%s?=", base64);
}

// TEXT with the line ends that the message has; taken over.
static GString *same_line_ends(struct sieve_run *run, GString *text)
{
    g_autoptr(GBytes) body = run->host->body(run->host->data);
    gsize size = 0;
    const char *data = g_bytes_get_data(body, &size);
    const char *lf = data ? memchr(data, '\n', size) : NULL;
    bool crlf = !lf || (lf > data && lf[-1] == '\r');
    g_string_replace(text, "\r\n", "\n", 0);
    if (crlf)
        g_string_replace(text, "\n", "\r\n", 0);
    return text;
}

static void become(struct sieve_run *run, GString *message)
{
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(message);
    GBytes *unenclosed = g_steal_pointer(&run->view->unenclosed);
    run->host->replace(run->host->data, bytes);
    sieve_view_reset(run->view);
    run->view->edited = true;
    run->view->unenclosed = unenclosed;
}

// Each one is read anew: a loop that puts a multipart in the place of its parts would go on.
static bool count_replacement(struct sieve_run *run, const struct sieve_node *node)
{
    if (++run->replacements <= SIEVE_MAX_REPLACEMENTS)
        return true;
    sieve_run_fail(run, MSG_TOO_MANY_CHANGES, node->verb->name, SIEVE_MAX_REPLACEMENTS);
    return false;
}

// ---- enclose

static const struct sieve_tag enclose_tags[] = {
    {.name = "subject", .value = 's'}, {.name = "headers", .value = 'l'}, {.name = NULL}};

// "Name: value" is a field to add; the name of a field alone is one to copy, as all are.
static void append_extra(GString *out, const GPtrArray *headers)
{
    for (guint i = 0; headers && i < headers->len; i++) {
        g_autofree char *line = g_strdelimit(g_strdup(g_ptr_array_index(headers, i)), "\r\n", ' ');
        if (strchr(line, ':'))
            g_string_append_printf(out, "%s\r\n", line);
    }
}

// What stands before the enclosed message.
static GString *enclosing_head(struct sieve_run *run, const struct sieve_node *node,
                               const char *boundary)
{
    g_autofree char *subject = sieve_tag_string(run, node, "subject");
    g_autofree char *text = sieve_string(run, node, 0);
    g_autoptr(GPtrArray) headers = sieve_tag_list(run, node, "headers");
    GString *out = g_string_new(NULL);
    append_fields(out, run, subject ? "Subject" : NULL);
    if (subject) {
        g_autofree char *encoded = encode(subject);
        append_line(out, "Subject", encoded);
    }
    append_extra(out, headers);
    g_string_append_printf(
        out,
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n"
        "--%s\r\n" PLAIN_TEXT "%s\r\n"
        "--%s\r\nContent-Type: message/rfc822\r\n\r\n",
        boundary, boundary, text, boundary);
    return same_line_ends(run, out);
}

static enum sieve_flow enclose_run(struct sieve_run *run, const struct sieve_node *node)
{
    if (!count_replacement(run, node))
        return FLOW_FAIL;
    g_autoptr(GBytes) original = sieve_view_message(run->view);
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, original);
    g_autofree char *boundary = g_strdup_printf("=_enclose_%.32s", sum);
    GString *out = enclosing_head(run, node, boundary);
    GString *tail = g_string_new(NULL);
    gsize size = 0;
    const char *data = g_bytes_get_data(original, &size);
    g_string_append_len(out, data, (gssize)size);
    g_string_append_printf(tail, "\r\n--%s--\r\n", boundary);
    same_line_ends(run, tail);
    g_string_append(out, tail->str);
    g_string_free(tail, TRUE);
    // §6: "does not affect messages that are forwarded via a redirect action"
    if (!run->view->unenclosed)
        run->view->unenclosed = g_bytes_ref(original);
    become(run, out);
    return FLOW_NEXT;
}

static const struct sieve_verb enclose = {.name = "enclose",
                                          .kind = VERB_COMMAND,
                                          .positional = "s",
                                          .labels = "text",
                                          .tags = enclose_tags,
                                          .run = enclose_run};
static const struct sieve_verb *const enclose_verbs[] = {&enclose, NULL};

const struct sieve_extension sieve_ext_enclose = {
    .name = "enclose", .verbs = enclose_verbs, .available = available};

// ---- replace

static const struct sieve_tag replace_tags[] = {{.name = "mime"},
                                                {.name = "subject", .value = 's'},
                                                {.name = "from", .value = 's'},
                                                {.name = NULL}};

// Puts VALUE in the place of field NAME; what was there is kept as Original-NAME (§6).
static void change_field(struct sieve_run *run, const char *name, const char *value)
{
    GPtrArray *fields = sieve_view_fields(run->view);
    g_autofree char *original = g_strconcat("Original-", name, NULL);
    for (guint i = 0; i < fields->len; i++) {
        struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0) {
            g_free(field->name);
            field->name = g_strdup(original);
            field->line = NULL; // it is written anew
        }
    }
    g_autofree char *encoded = encode(value);
    sieve_view_add(run->view, name, encoded, true);
}

// A list of mailboxes (RFC 5322 §3.4), each with a domain.
static bool from_valid(const char *from)
{
    g_autoptr(GPtrArray) addresses = sieve_addresses_parse(from);
    bool ok = addresses->len > 0;
    for (guint i = 0; i < addresses->len; i++) {
        const struct sieve_address *address = g_ptr_array_index(addresses, i);
        ok &= address->local && *address->local && address->domain && *address->domain;
    }
    return ok;
}

// §5: a :from that is no list of mailboxes, and :subject or :from beside :mime, are errors.
static bool replace_check(struct sieve_checker *checker, struct sieve_node *node)
{
    const struct sieve_tag_use *from = sieve_node_tag(node, "from");
    const struct sieve_text *text = from ? sieve_arg_text(from->value, 0) : NULL;
    if (sieve_has_tag(node, "mime") && (from || sieve_has_tag(node, "subject")))
        return sieve_check_error(checker, node->at, MSG_REPLACE_TAGS, from ? "from" : "subject");
    return !text || text->parts || from_valid(text->raw) ||
           sieve_check_error(checker, text->at, MSG_REPLACE_FROM, text->raw);
}

// The header of the whole message that TEXT becomes the body of.
static void append_new_header(GString *out, struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *subject = sieve_tag_string(run, node, "subject");
    g_autofree char *from = sieve_tag_string(run, node, "from");
    if (subject)
        change_field(run, "Subject", subject);
    if (from && from_valid(from))
        change_field(run, "From", from);
    else if (from)
        sieve_run_warn(run, MSG_REPLACE_FROM_IGNORED, from);
    append_fields(out, run, NULL);
    g_string_append(out, "MIME-Version: 1.0\r\n");
}

// In an enclosed message, its own fields stay.
static void append_part_header(GString *out, const struct sieve_host *host, guint n)
{
    struct sieve_mime_part part = {0}, parent = {0};
    host->part(host->data, n, &part);
    host->part(host->data, (guint)part.parent, &parent);
    for (guint i = 0; parent.message && i < part.fields->len; i++) {
        const struct sieve_field *field = g_ptr_array_index(part.fields, i);
        if (!is_mime_field(field->name))
            append_line(out, field->name, field->value);
    }
}

// Puts ENTITY in the place of part N. False when its place cannot be told.
static bool replace_part(struct sieve_run *run, guint n, const GString *entity)
{
    const struct sieve_host *host = run->host;
    gsize start = 0, length = 0, size = 0;
    if (!host->part_place || !host->part_place(host->data, n, &start, &length))
        return false;
    g_autoptr(GBytes) message = sieve_view_message(run->view), body = host->body(host->data);
    const char *data = g_bytes_get_data(message, &size);
    gsize at = size - g_bytes_get_size(body) + start;
    GString *out = g_string_new_len(data, (gssize)at);
    g_string_append_len(out, entity->str, (gssize)entity->len);
    g_string_append_len(out, data + at + length, (gssize)(size - at - length));
    become(run, out);
    return true;
}

static enum sieve_flow replace_run(struct sieve_run *run, const struct sieve_node *node)
{
    if (!count_replacement(run, node))
        return FLOW_FAIL;
    g_autofree char *text = sieve_string(run, node, 0);
    GString *out = g_string_new(NULL);
    if (run->part <= 0)
        append_new_header(out, run, node);
    else if (!sieve_has_tag(node, "mime"))
        append_part_header(out, run->host, (guint)run->part);
    if (!sieve_has_tag(node, "mime"))
        g_string_append(out, PLAIN_TEXT);
    g_string_append(out, text);
    same_line_ends(run, out);
    run->part_replaced = run->part >= 0;
    if (run->part <= 0) {
        become(run, out);
        return FLOW_NEXT;
    }
    bool replaced = replace_part(run, (guint)run->part, out);
    g_string_free(out, TRUE);
    return replaced ? FLOW_NEXT : sieve_run_fail(run, MSG_PART_NOT_FOUND);
}

static const struct sieve_verb replace = {.name = "replace",
                                          .kind = VERB_COMMAND,
                                          .positional = "s",
                                          .labels = "replacement",
                                          .tags = replace_tags,
                                          .check = replace_check,
                                          .run = replace_run};
static const struct sieve_verb *const replace_verbs[] = {&replace, NULL};

const struct sieve_extension sieve_ext_replace = {
    .name = "replace", .verbs = replace_verbs, .available = available};
