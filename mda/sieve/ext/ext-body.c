// SPDX-License-Identifier: MIT
// body (RFC 5173): the raw text behind the header, the text of parts by content type, or the text
// that a reader sees (text/plain, and text/html without its tags).
#include "sieve/lang/fields.h"
#include "sieve/lang/match-type.h"

#include <string.h>

static const struct sieve_tag tags[] = {
    {.name = "raw", .group = "transform"},
    {.name = "content", .group = "transform", .value = 'l'},
    {.name = "text", .group = "transform"},
    {.name = NULL},
};

// A content type of the script: "" is all, "text" a whole type, "text/html" one (§5.2).
static bool type_matches(const char *wanted, const struct sieve_mime_part *part)
{
    const char *slash = strchr(wanted, '/');
    if (!*wanted)
        return true;
    if (!slash)
        return g_ascii_strcasecmp(wanted, part->type) == 0;
    if (slash == wanted || !slash[1] || strchr(slash + 1, '/'))
        return false;
    return strlen(part->type) == (gsize)(slash - wanted) &&
           g_ascii_strncasecmp(wanted, part->type, (gsize)(slash - wanted)) == 0 &&
           g_ascii_strcasecmp(slash + 1, part->subtype) == 0;
}

static char *text_of_bytes(GBytes *bytes)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    size = MIN(size, SIEVE_MAX_BODY);
    char *text = g_strndup("", size);
    if (size > 0)
        memcpy(text, data, size);
    for (gsize i = 0; i < size; i++) {
        if (!text[i])
            text[i] = ' ';
    }
    text[size] = '\0';
    return text;
}

static void match_raw(struct sieve_matching *matching)
{
    const struct sieve_host *host = matching->run->host;
    g_autoptr(GBytes) body = host->body(host->data);
    g_autofree char *text = text_of_bytes(body);
    sieve_matching_value(matching, text);
}

// Of a message within the message its header is the content, as it stands, up to the empty line;
// its body is a part (§5.2).
static char *inner_header(const struct sieve_host *host, guint n)
{
    g_autoptr(GBytes) bytes = host->part_content(host->data, n);
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size), *end = data + size;
    GString *out = g_string_new(NULL);
    for (const char *line = data; line < end;) {
        const char *lf = memchr(line, '\n', (gsize)(end - line));
        gsize length = (gsize)((lf ? lf : end) - line);
        length -= length > 0 && line[length - 1] == '\r';
        if (length == 0)
            break;
        for (gsize i = 0; i < length; i++)
            g_string_append_c(out, line[i] ? line[i] : ' ');
        g_string_append(out, "\r\n");
        line = lf ? lf + 1 : end;
    }
    return g_string_free(out, FALSE);
}

static char *content_of(const struct sieve_host *host, guint n, const struct sieve_mime_part *part)
{
    if (part->message)
        return inner_header(host, n);
    if (strcmp(part->type, "text") == 0)
        return host->part_text(host->data, n);
    g_autoptr(GBytes) bytes = host->part_content(host->data, n);
    return text_of_bytes(bytes);
}

// "treating the entire prologue and the entire epilogue as separate strings" (§5.2).
static void match_around(struct sieve_matching *matching, guint n)
{
    const struct sieve_host *host = matching->run->host;
    g_autoptr(GBytes) prologue = NULL;
    g_autoptr(GBytes) epilogue = NULL;
    host->part_around(host->data, n, &prologue, &epilogue);
    g_autofree char *before = text_of_bytes(prologue);
    g_autofree char *behind = epilogue ? text_of_bytes(epilogue) : NULL;
    sieve_matching_value(matching, before);
    if (behind)
        sieve_matching_value(matching, behind);
}

static void match_content(struct sieve_matching *matching, const GPtrArray *types)
{
    const struct sieve_host *host = matching->run->host;
    guint count = host->part_count(host->data);
    for (guint i = 0; i < count && !matching->matched; i++) {
        struct sieve_mime_part part = {0};
        host->part(host->data, i, &part);
        bool wanted = false;
        for (guint k = 0; k < types->len && !wanted; k++)
            wanted = type_matches(g_ptr_array_index(types, k), &part);
        if (!wanted)
            continue;
        if (part.multipart) {
            match_around(matching, i);
            continue;
        }
        g_autofree char *text = content_of(host, i, &part);
        sieve_matching_value(matching, text);
    }
}

static void match_text(struct sieve_matching *matching)
{
    const struct sieve_host *host = matching->run->host;
    guint count = host->part_count(host->data);
    for (guint i = 0; i < count && !matching->matched; i++) {
        struct sieve_mime_part part = {0};
        host->part(host->data, i, &part);
        bool html = sieve_part_is_html(&part);
        if (strcmp(part.type, "text") != 0 && !html)
            continue;
        g_autofree char *text =
            html ? host->part_html(host->data, i) : host->part_text(host->data, i);
        sieve_matching_value(matching, text);
    }
}

static bool body_test(struct sieve_run *run, const struct sieve_node *node)
{
    struct sieve_matching matching;
    sieve_matching_begin(&matching, run, node->match, sieve_list(run, node, 0));
    g_autoptr(GPtrArray) types = sieve_tag_list(run, node, "content");
    // RFC 5173 §6: a body test sets no match values.
    GPtrArray *values = run->match_values;
    run->match_values = NULL;
    bool there = run->host->has_body(run->host->data);
    if (there && sieve_has_tag(node, "raw"))
        match_raw(&matching);
    else if (there && types)
        match_content(&matching, types);
    else if (there)
        match_text(&matching);
    bool result = sieve_matching_end(&matching);
    g_clear_pointer(&run->match_values, g_ptr_array_unref);
    run->match_values = values;
    return result;
}

static const struct sieve_verb body = {.name = "body",
                                       .kind = VERB_TEST,
                                       .positional = "l",
                                       .labels = "key list",
                                       .takes = TAKES_MATCH,
                                       .tags = tags,
                                       .test = body_test};

static const struct sieve_verb *const verbs[] = {&body, NULL};

const struct sieve_extension sieve_ext_body = {.name = "body", .verbs = verbs};
