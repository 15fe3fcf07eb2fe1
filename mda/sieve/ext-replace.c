// SPDX-License-Identifier: MIT
// enclose, replace (RFC 5703 §5, §6): the message becomes another one for everything that follows.
// Left out: replacing one part inside of a foreverypart loop other than the message itself.
#include "sieve/engine.h"

#include <string.h>

static bool is_mime_field(const char *name)
{
    return g_ascii_strncasecmp(name, "content-", 8) == 0 ||
           g_ascii_strcasecmp(name, "mime-version") == 0;
}

static bool available(const struct sieve_host *host)
{
    return host->replace != NULL;
}

static void append_fields(GString *out, struct sieve_run *run, bool mime, const char *without)
{
    GPtrArray *fields = sieve_view_fields(run->view);
    for (guint i = 0; i < fields->len; i++) {
        const struct sieve_view_field *field = g_ptr_array_index(fields, i);
        if (is_mime_field(field->name) != mime)
            continue;
        if (!without || g_ascii_strcasecmp(field->name, without) != 0)
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

static void become(struct sieve_run *run, GString *message)
{
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(message);
    run->host->replace(run->host->data, bytes);
    sieve_view_reset(run->view);
    run->view->edited = true;
}

// ---- enclose

static const struct sieve_tag enclose_tags[] = {
    {.name = "subject", .value = 's'}, {.name = "headers", .value = 'l'}, {.name = NULL}};

static void append_extra(GString *out, const GPtrArray *headers)
{
    for (guint i = 0; headers && i < headers->len; i++) {
        g_autofree char *line = g_strdelimit(g_strdup(g_ptr_array_index(headers, i)), "\r\n", ' ');
        if (strchr(line, ':'))
            g_string_append_printf(out, "%s\r\n", line);
    }
}

static enum sieve_flow enclose_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *subject = sieve_tag_string(run, node, "subject");
    g_autofree char *text = sieve_string(run, node, 0);
    g_autoptr(GPtrArray) headers = sieve_tag_list(run, node, "headers");
    g_autoptr(GBytes) original = sieve_view_message(run->view);
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, original);
    g_autofree char *boundary = g_strdup_printf("=_enclose_%.32s", sum);
    GString *out = g_string_new(NULL);
    append_fields(out, run, false, subject ? "Subject" : NULL);
    if (subject) {
        g_autofree char *encoded = encode(subject);
        g_string_append_printf(out, "Subject: %s\r\n", encoded);
    }
    append_extra(out, headers);
    g_string_append_printf(
        out,
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n"
        "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"
        "--%s\r\nContent-Type: message/rfc822\r\n\r\n",
        boundary, boundary, text, boundary);
    gsize size = 0;
    const char *data = g_bytes_get_data(original, &size);
    g_string_append_len(out, data, (gssize)size);
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
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
        }
    }
    g_autofree char *encoded = encode(value);
    sieve_view_add(run->view, name, encoded, true);
}

static enum sieve_flow replace_run(struct sieve_run *run, const struct sieve_node *node)
{
    g_autofree char *subject = sieve_tag_string(run, node, "subject");
    g_autofree char *from = sieve_tag_string(run, node, "from");
    g_autofree char *text = sieve_string(run, node, 0);
    if (run->part > 0)
        return sieve_run_fail(
            run, "replace: only the whole message can be replaced, not one of its parts");
    if (subject)
        change_field(run, "Subject", subject);
    if (from)
        change_field(run, "From", from);
    GString *out = g_string_new(NULL);
    append_fields(out, run, false, NULL);
    g_string_append(out, "MIME-Version: 1.0\r\n");
    if (!sieve_has_tag(node, "mime"))
        g_string_append(out, "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: 8bit\r\n\r\n");
    g_string_append(out, text);
    become(run, out);
    return FLOW_NEXT;
}

static const struct sieve_verb replace = {.name = "replace",
                                          .kind = VERB_COMMAND,
                                          .positional = "s",
                                          .labels = "replacement",
                                          .tags = replace_tags,
                                          .run = replace_run};
static const struct sieve_verb *const replace_verbs[] = {&replace, NULL};

const struct sieve_extension sieve_ext_replace = {
    .name = "replace", .verbs = replace_verbs, .available = available};
