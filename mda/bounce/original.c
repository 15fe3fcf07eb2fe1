// SPDX-License-Identifier: MIT
#include "bounce/original.h"

#include "base/text.h"
#include "bounce/bounce-limits.h"
#include "message/message.h"
#include "message/mime.h"
#include "message/received.h"

#include <string.h>

// "Name: value" as it came back, folded with LF, without the last line end.
static char *raw_field(const struct header_field *field)
{
    gsize length = field->line_length, to = 0;
    char *raw = g_malloc(length + 1);
    for (gsize i = 0; i < length; i++) {
        if (field->line[i] == '\r' && i + 1 < length && field->line[i + 1] == '\n')
            continue;
        raw[to++] = field->line[i] == '\r' ? '\n' : field->line[i];
    }
    while (to > 0 && raw[to - 1] == '\n')
        to--;
    raw[to] = '\0';
    return raw;
}

static void add_hop(struct report *report, char *value)
{
    if (report->original.received->len >= BOUNCE_MAX_HOPS) {
        report_add_limit(report, "Received lines of the original");
        g_free(value);
        return;
    }
    struct received received;
    received_parse(value, &received);
    struct received_hop *hop = original_add_hop(&report->original);
    hop->from = received.from;
    hop->name = received.name;
    hop->address = received.address;
    hop->by = received.by;
    hop->date = received.date;
    hop->raw = value;
}

static void set_once(char **target, char *value)
{
    if (!*target && *value)
        *target = value;
    else
        g_free(value);
}

// The Message-ID in VALUE: `<…>`; some systems write it bare.
static char *message_id_of(const char *value)
{
    const char *open = strchr(value, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    if (close)
        return g_strndup(open, (gsize)(close - open) + 1);
    gsize length = strcspn(value, " \t");
    return g_strndup(value, length);
}

// One address out of From or Return-Path; what cannot be parsed is taken as it stands.
static char *address_of(const char *value)
{
    g_autofree char *address = mime_first_address(value);
    // A bare local name ("MAILER-DAEMON") says nothing of whose mail it is.
    return address && strchr(address, '@') ? g_steal_pointer(&address) : NULL;
}

static char *text_of(const char *value)
{
    g_autofree char *decoded = mime_decode_header(value, -1);
    return g_strstrip(g_steal_pointer(&decoded));
}

static char *return_path_of(const char *value)
{
    gsize length = strlen(value);
    const char *open = strchr(value, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    char *address =
        close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strndup(value, length);
    if (g_ascii_strcasecmp(g_strstrip(address), "MAILER-DAEMON") == 0)
        *address = '\0'; // sendmail's way to write <>
    return address;
}

// Is this the field in which whoever replaces a Message-ID keeps the one before?
static bool is_replaced_id(const struct header_field *field)
{
    static const char *const globs[] = {"*original-message-id", "*orig-message-id",
                                        "*old-message-id", "*original-messageid",
                                        "*previous-message-id"};
    if (field->name_length > 80)
        return false;
    g_autofree char *name = g_strndup(field->line, field->name_length);
    for (gsize i = 0; i < G_N_ELEMENTS(globs); i++) {
        if (text_glob(globs[i], name))
            return true;
    }
    return false;
}

static void read_field(struct report *report, const struct header_field *field)
{
    struct original *original = &report->original;
    g_autofree char *value = header_field_value(field);
    g_autofree char *utf8 = g_utf8_make_valid(value, -1);
    if (header_field_is(field, "Received"))
        add_hop(report, g_steal_pointer(&utf8));
    else if (header_field_is(field, "Message-ID"))
        set_once(&original->message_id, message_id_of(utf8));
    else if (header_field_is(field, "From") && !original->from)
        original->from = address_of(value);
    else if (header_field_is(field, "Return-Path") && !original->return_path)
        original->return_path = return_path_of(utf8);
    else if (header_field_is(field, "To"))
        set_once(&original->to, text_of(value));
    else if (header_field_is(field, "Cc"))
        set_once(&original->cc, text_of(value));
    else if (header_field_is(field, "Date"))
        set_once(&original->date, g_strdup(utf8));
    else if (header_field_is(field, "Subject"))
        set_once(&original->subject, text_of(value));
    else if (original->replaced_ids->len < BOUNCE_MAX_REFERENCES && is_replaced_id(field))
        g_ptr_array_add(original->replaced_ids, message_id_of(utf8));
}

// Spam may lack Date and Message-ID; then the body that follows shows where the header ended.
static bool is_whole(const struct original *original, const struct message *message, bool cut)
{
    bool structured = g_str_has_prefix(original->where, "message/");
    return !cut && message_field(message, "From", 0) &&
           (original->message_id || original->date || original->body) &&
           (original->received->len > 0 || structured);
}

void original_read(struct report *report, GBytes *bytes, const char *where)
{
    struct original *original = &report->original;
    g_autoptr(Message) message = message_new(bytes);
    // What a status part said of it is second to the header itself.
    if (message_field(message, "Message-ID", 0))
        g_clear_pointer(&original->message_id, g_free);
    if (message_field(message, "Return-Path", 0))
        g_clear_pointer(&original->return_path, g_free);
    guint count = MIN(message->fields->len, BOUNCE_MAX_FIELDS);
    if (count < message->fields->len)
        report_add_limit(report, "header fields of the original");
    for (guint i = 0; i < count; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        g_ptr_array_add(original->fields, raw_field(field));
        read_field(report, field);
    }
    g_free(original->where);
    original->where = g_strdup(where);
    if (message->body_size > 0)
        original->body = g_bytes_new(message->body, message->body_size);
    original->full =
        is_whole(original, message, message->header_cut || count < message->fields->len);
}

void original_add_references(struct report *report, const char *value)
{
    GPtrArray *references = report->original.references;
    const char *at = value;
    while ((at = strchr(at, '<'))) {
        const char *close = strpbrk(at, "> \t");
        if (!close || *close != '>') {
            at++;
            continue;
        }
        if (references->len >= BOUNCE_MAX_REFERENCES) {
            report_add_limit(report, "references");
            return;
        }
        g_autofree char *id = g_strndup(at, (gsize)(close - at) + 1);
        g_autofree char *utf8 = g_utf8_make_valid(id, -1);
        if (!g_ptr_array_find_with_equal_func(references, utf8, g_str_equal, NULL))
            g_ptr_array_add(references, g_steal_pointer(&utf8));
        at = close + 1;
    }
}
