// SPDX-License-Identifier: MIT
#include "bounce/message-facts.h"

#include "bounce/block.h"
#include "bounce/bounce-limits.h"
#include "bounce/opening.h"
#include "bounce/original.h"
#include "bounce/quote.h"
#include "bounce/status.h"
#include "bounce/trait.h"

#include <string.h>

static bool is_returned_type(const struct mime_part *part)
{
    static const char *const message_types[] = {
        "rfc822", "global", "partial", "news", "rfc822-headers", "rfc822-header", "global-headers"};
    for (gsize i = 0; i < G_N_ELEMENTS(message_types); i++) {
        if (mime_part_is(part, "message", message_types[i]))
            return true;
    }
    return mime_part_is(part, "text", "rfc822-headers") ||
           mime_part_is(part, "text", "rfc822-header") || mime_part_is(part, "text", "rfc822") ||
           mime_part_is(part, "text", "rfc-822-headers") ||
           mime_part_is(part, "text", "rfc822headers");
}

static bool is_status_type(const struct mime_part *part)
{
    return mime_part_is(part, "message", "delivery-status") ||
           mime_part_is(part, "message", "global-delivery-status") ||
           mime_part_is(part, "text", "delivery-status");
}

// BYTES with every line ending in LF, NULs as blanks.
static GBytes *with_line_feeds(GBytes *bytes)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    if (size == 0 || (!memchr(data, '\r', size) && !memchr(data, 0, size)))
        return g_bytes_ref(bytes);
    char *copy = g_malloc(size);
    gsize to = 0;
    for (gsize i = 0; i < size; i++) {
        if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
            continue;
        copy[to++] = data[i] == '\r' ? '\n' : data[i] ? data[i] : ' ';
    }
    return g_bytes_new_take(copy, to);
}

static GBytes *content_of(const struct mime_part *part, gsize max)
{
    g_autoptr(GBytes) content = mime_part_content(part, max);
    return with_line_feeds(content);
}

static GBytes *slice(GBytes *bytes, gsize start, gsize end)
{
    return start < end ? g_bytes_new_from_bytes(bytes, start, end - start) : g_bytes_new(NULL, 0);
}

// The original in a part of its own. Blank lines before its header are a common fault.
static bool take_returned(struct facts *facts, GBytes *bytes, const char *where)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    gsize start = 0;
    while (start < size && g_ascii_isspace(data[start]))
        start++;
    while (start > 0 && data[start - 1] != '\n')
        start--;
    struct header_block block = {0};
    if (size == 0 || !header_block_at(data, size, start, &block))
        return false;
    g_autoptr(GBytes) original = header_block_take(data, size, &block, true);
    g_free(block.prefix);
    original_read(facts->report, original, where);
    facts->has_original = true;
    return true;
}

static bool find_returned_part(struct facts *facts)
{
    for (guint i = 1; i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        if (!is_returned_type(part))
            continue;
        g_autofree char *where = g_strdup_printf("%s/%s", part->type, part->subtype);
        g_autoptr(GBytes) content = content_of(part, BOUNCE_MAX_ORIGINAL_BYTES);
        if (take_returned(facts, content, where))
            return true;
    }
    return false;
}

static void read_status(struct facts *facts, GBytes *bytes)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    if (size > 0 && status_read(facts->report, data, size) > 0)
        facts->has_status = true;
}

static bool is_notice_type(const struct mime_part *part)
{
    return mime_part_is(part, "message", "disposition-notification") ||
           mime_part_is(part, "message", "global-disposition-notification") ||
           mime_part_is(part, "message", "feedback-report");
}

static void read_notice(struct facts *facts, GBytes *bytes)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    while (size > 0 && g_ascii_isspace(*data)) {
        data++;
        size--;
    }
    if (size > 0)
        status_read_notice(facts->report, data, size);
}

static void find_status_part(struct facts *facts)
{
    for (guint i = 0; i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        bool status = is_status_type(part);
        if (part->kind != MIME_LEAF || (!status && !is_notice_type(part)))
            continue;
        g_autoptr(GBytes) content = content_of(part, BOUNCE_MAX_PART_BYTES);
        status ? read_status(facts, content) : read_notice(facts, content);
    }
}

// HTML as a reader sees it, in UTF-8.
static GBytes *as_plain(GBytes *bytes, const char *charset)
{
    gsize size = 0, length = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    if (size == 0)
        return g_bytes_ref(bytes);
    g_autofree char *utf8 = mime_to_utf8(data, size, charset, &length);
    char *plain = mime_html_to_text(utf8, length, &length);
    return g_bytes_new_take(plain, length);
}

// The words that are being gathered.
struct gathered {
    GString *text;
    GString *own; // without quotations
};

// Converts BYTES and appends them to the words; of a quotation in them nothing is its author's own.
static void append_text(struct facts *facts, struct gathered *gathered, GBytes *bytes,
                        const char *charset, gsize own_max)
{
    GString *text = gathered->text;
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    if (size == 0)
        return;
    if (text->len + size > BOUNCE_MAX_TEXT_BYTES) {
        report_add_limit(facts->report, "text of the report");
        if (text->len >= BOUNCE_MAX_TEXT_BYTES)
            return;
        size = MIN(size, BOUNCE_MAX_TEXT_BYTES - text->len);
    }
    gsize length = 0;
    g_autofree char *utf8 = mime_to_utf8(data, size, charset, &length);
    gsize own = MIN(quote_find(utf8, length), own_max);
    g_string_append_len(text, utf8, (gssize)length);
    g_string_append_c(text, '\n');
    g_string_append_len(gathered->own, utf8, (gssize)own);
    g_string_append_c(gathered->own, '\n');
}

// Splits BYTES where the original begins, when none was found so far, and takes the words before
// it.
static void read_piece(struct facts *facts, struct gathered *gathered, GBytes *bytes,
                       const char *charset, gsize own_max)
{
    gsize size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    struct header_block block = {0};
    g_autoptr(GBytes) words = g_bytes_ref(bytes);
    g_ptr_array_add(facts->pieces, g_bytes_ref(bytes));
    bool status = size > 0 && !facts->has_status && status_looks_like(data, size);
    gsize own = status ? MIN(quote_find(data, size), own_max) : 0;
    if (own > 0 && status_looks_like(data, own)) {
        g_autoptr(GBytes) words_of_status = slice(bytes, 0, own);
        read_status(facts, words_of_status);
        facts->status_in_words = facts->has_status;
    }
    if (size > 0 && header_block_find(data, size, 0, &block)) {
        if (!facts->has_original) {
            g_autoptr(GBytes) original = header_block_take(data, size, &block, true);
            original_read(facts->report, original, "text");
            facts->has_original = true;
        }
        if (block.start > 0) {
            g_bytes_unref(words);
            words = slice(bytes, 0, block.start);
        }
        g_free(block.prefix);
    }
    append_text(facts, gathered, words, charset, own_max);
}

// In multipart/alternative the plain text stands for the HTML.
static bool is_other_form(const struct facts *facts, const struct mime_part *part,
                          gsize text_length)
{
    if (!mime_part_is(part, "text", "html") || text_length < 40)
        return false;
    const struct mime_part *above =
        part->parent >= 0 ? g_ptr_array_index(facts->tree->parts, (guint)part->parent) : NULL;
    return above && mime_part_is(above, "multipart", "alternative");
}

static bool is_text(const struct mime_part *part)
{
    return part->kind == MIME_LEAF && !is_returned_type(part) && !is_status_type(part) &&
           (mime_part_is(part, "text", NULL) || mime_part_is(part, "message", NULL) ||
            mime_part_is(part, "unknown", NULL));
}

static void read_html(struct facts *facts, struct gathered *gathered, GBytes *content,
                      const char *charset)
{
    gsize size = 0, own_max = G_MAXSIZE;
    const char *data = g_bytes_get_data(content, &size);
    gsize quoted = size > 0 ? quote_find_html(data, size) : 0;
    g_autoptr(GBytes) plain = as_plain(content, charset);
    if (quoted < size) {
        g_autoptr(GBytes) before = slice(content, 0, quoted);
        g_autoptr(GBytes) own = as_plain(before, charset);
        own_max = g_bytes_get_size(own);
    }
    read_piece(facts, gathered, plain, "utf-8", own_max);
}

static void read_texts(struct facts *facts, struct gathered *gathered)
{
    for (guint i = 0; i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        if (!is_text(part) || is_other_form(facts, part, gathered->text->len))
            continue;
        g_autoptr(GBytes) content = content_of(part, BOUNCE_MAX_PART_BYTES);
        const char *charset = mime_part_parameter(part, "charset");
        if (mime_part_is(part, "text", "html"))
            read_html(facts, gathered, content, charset);
        else
            read_piece(facts, gathered, content, charset, G_MAXSIZE);
    }
}

// A message of declared parts that has none (wrong or missing boundary), or whose parts gave
// nothing.
static void read_raw_body(struct facts *facts, struct gathered *gathered)
{
    gsize size = MIN(facts->message->body_size, BOUNCE_MAX_PART_BYTES);
    if (size == 0)
        return;
    g_autoptr(GBytes) body = g_bytes_new_static(facts->message->body, size);
    g_autoptr(GBytes) lines = with_line_feeds(body);
    g_autoptr(GBytes) own = g_bytes_new(g_bytes_get_data(lines, NULL), g_bytes_get_size(lines));
    read_piece(facts, gathered, own, NULL, G_MAXSIZE);
}

// An attachment that holds the original under a type of its own choosing.
static void find_attached_original(struct facts *facts)
{
    for (guint i = 1; i < facts->tree->parts->len && !facts->has_original; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        if (part->kind != MIME_LEAF || is_text(part) || mime_part_is(part, "image", NULL))
            continue;
        g_autoptr(GBytes) content = content_of(part, BOUNCE_MAX_PART_BYTES);
        gsize size = 0;
        const char *data = g_bytes_get_data(content, &size);
        struct header_block block = {0};
        if (size == 0 || !header_block_find(data, size, 0, &block))
            continue;
        g_autoptr(GBytes) original = header_block_take(data, size, &block, true);
        g_free(block.prefix);
        g_autofree char *where = g_strdup_printf("%s/%s", part->type, part->subtype);
        original_read(facts->report, original, where);
        facts->has_original = true;
    }
}

static void read_references(struct facts *facts)
{
    // The others are what gateways, help desks and certified mail say instead.
    static const char *const names[] = {"In-Reply-To",
                                        "References",
                                        "X-Original-Message-ID",
                                        "X-Original-MessageID",
                                        "X-Original-Message-Id-Header",
                                        "X-Original-Id",
                                        "X-Orig-Message-ID",
                                        "Original-Message-ID",
                                        "X-In-Reply-To",
                                        "X-In-Reply-To-ID",
                                        "X-Reply-To-Message-ID",
                                        "X-References",
                                        "X-Riferimento-Message-ID",
                                        "X-MS-Exchange-Parent-Message-Id",
                                        "X-Autoreply-Message-ID"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct header_field *field;
        for (guint n = 0; (field = message_field(facts->message, names[i], n)) && n < 20; n++) {
            g_autofree char *value = header_field_value(field);
            bool bare = i > 1 && strchr(value, '@') && !strpbrk(value, "<> \t");
            g_autofree char *id = bare ? g_strconcat("<", value, ">", NULL) : g_strdup(value);
            original_add_references(facts->report, id);
        }
    }
}

static char *envelope_sender_of(const struct facts *facts)
{
    g_autofree char *path = NULL;
    if (facts->envelope && facts->envelope->sender)
        return g_ascii_strdown(facts->envelope->sender, -1);
    path = message_header(facts->message, "Return-Path", 0);
    if (!path)
        return NULL;
    g_autofree char *address = envelope_address(path);
    return g_ascii_strdown(address, -1);
}

// A delivery-status among the words counts when a mail system wrote them, or they begin with it.
static void weigh_status(struct facts *facts)
{
    const char *opening = facts->words[WORDS_OPENING].folded;
    if (!facts->status_in_words || facts->writer == WRITER_MAIL_SYSTEM)
        return;
    facts->has_status = facts->writer == WRITER_NULL_SENDER &&
                        (strstr(opening, "final-recipient:") || strstr(opening, "reporting-mta:"));
}

static void fold_words(struct facts *facts)
{
    struct words *words = facts->words;
    char **subject = facts_header(facts, "subject");
    gsize opening = opening_length(facts->own_text, facts->own_length, *subject);
    words[WORDS_ALL].folded =
        phrase_fold(facts->text, (gssize)facts->text_length, &words[WORDS_ALL].length);
    words[WORDS_OPENING].folded =
        phrase_fold(facts->own_text, (gssize)opening, &words[WORDS_OPENING].length);
    if (facts->own_length < facts->text_length)
        words[WORDS_OWN].folded =
            phrase_fold(facts->own_text, (gssize)facts->own_length, &words[WORDS_OWN].length);
}

// A gateway that adds a footer puts the report into a multipart/mixed: what the whole is, says the
// report.
static guint find_root(const struct facts *facts)
{
    const struct mime_part *top = g_ptr_array_index(facts->tree->parts, 0);
    bool holder =
        mime_part_is(top, "multipart", "mixed") || mime_part_is(top, "multipart", "signed");
    for (guint i = 1; holder && i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        if (part->parent == 0 && mime_part_is(part, "multipart", "report"))
            return i;
    }
    return 0;
}

static void read_body(struct facts *facts)
{
    struct gathered gathered = {g_string_new(NULL), g_string_new(NULL)};
    find_status_part(facts);
    find_returned_part(facts);
    read_texts(facts, &gathered);
    if (gathered.text->len == 0 && !facts->has_status)
        read_raw_body(facts, &gathered);
    find_attached_original(facts);
    facts->text_length = gathered.text->len;
    facts->text = g_string_free(gathered.text, FALSE);
    facts->own_length = gathered.own->len;
    facts->own_text = g_string_free(gathered.own, FALSE);
    fold_words(facts);
    weigh_status(facts);
}

bool facts_read(struct facts *facts, const struct bounce_settings *settings,
                const struct message *message, const struct envelope *envelope, unsigned traits,
                struct report *report)
{
    *facts = (struct facts){
        .settings = settings,
        .message = message,
        .envelope = envelope,
        .traits = traits,
        .report = report,
        .headers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_strfreev),
        .pieces = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    facts->sender = envelope_sender_of(facts);
    static const struct mime_limits limits = {MIME_MAX_BYTES, MIME_MAX_PARTS, MIME_MAX_DEPTH, true};
    g_autoptr(GError) err = NULL;
    if (!mime_parse(message, &limits, &facts->tree, &err)) {
        report_add_limit(report, err->message);
        return false;
    }
    if (facts->tree->parts->len == 0)
        return false; // nothing came
    for (guint i = 0; i < facts->tree->limits->len; i++)
        report_add_limit(report, g_ptr_array_index(facts->tree->limits, i));
    facts->root = find_root(facts);
    facts->writer = writer_of(facts);
    read_references(facts);
    read_body(facts);
    return true;
}

void facts_release(struct facts *facts)
{
    g_clear_pointer(&facts->tree, mime_tree_free);
    g_clear_pointer(&facts->headers, g_hash_table_unref);
    g_clear_pointer(&facts->pieces, g_ptr_array_unref);
    g_free(facts->sender);
    g_free(facts->text);
    g_free(facts->own_text);
    for (guint i = 0; i < WORDS_ZONES; i++) {
        g_free(facts->words[i].folded);
        g_free(facts->words[i].hits);
    }
}

// The charset of the first part that names one, or NULL: raw 8-bit header text is mostly of it too.
// Borrowed.
static const char *body_charset(const struct facts *facts)
{
    for (guint i = 0; i < facts->tree->parts->len; i++) {
        const struct mime_part *part = g_ptr_array_index(facts->tree->parts, i);
        const char *charset = mime_part_parameter(part, "charset");
        if (charset)
            return charset;
        if (part->kind == MIME_MESSAGE)
            return NULL;
    }
    return NULL;
}

// A folded subject behind what filters put in front of it.
static char *without_tags(char *subject)
{
    static const char *const tags[] = {
        "[spam] ",   "[spam?] ", "{spam?} ",          "***spam*** ",      "*****spam***** ",
        "[bulk] ",   "[junk] ",  "[suspected spam] ", "[possible spam] ", "[external] ",
        "[extern] ", "[ext] ",   "{disarmed} ",
    };
    const char *start = subject;
    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (g_str_has_prefix(start, tags[i]))
            start += strlen(tags[i]);
    }
    memmove(subject, start, strlen(start) + 1);
    return subject;
}

#define VALUES_MAX 100
#define VALUE_MAX_BYTES 20000

static char **read_values(const struct facts *facts, const char *name)
{
    GPtrArray *list = g_ptr_array_new();
    const struct header_field *field;
    for (guint n = 0; n < VALUES_MAX && (field = message_field(facts->message, name, n)); n++) {
        struct header_field start = *field;
        start.value_length = MIN(start.value_length, VALUE_MAX_BYTES);
        g_autofree char *raw = header_field_value(&start);
        g_autofree char *decoded = mime_decode_header_in(raw, -1, body_charset(facts));
        char *folded = phrase_fold(decoded, -1, NULL);
        g_ptr_array_add(list, strcmp(name, "subject") == 0 ? without_tags(folded) : folded);
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

char **facts_header(struct facts *facts, const char *name)
{
    static char *none[] = {NULL};
    if (!message_field(facts->message, name, 0))
        return none; // as most that rules ask for
    char **values = g_hash_table_lookup(facts->headers, name);
    if (!values) {
        values = read_values(facts, name);
        g_hash_table_insert(facts->headers, (gpointer)name, values);
    }
    return values;
}
