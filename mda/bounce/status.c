// SPDX-License-Identifier: MIT
#include "bounce/status.h"

#include "bounce/bounce-limits.h"
#include "message/message.h"

#include <string.h>

struct status_reader {
    struct report *report;
    struct report_recipient *current;
    guint count;
};

// "rfc822; user@example.org" and its kin: what is behind the type. Some write none.
static char *behind_type(const char *value)
{
    const char *semicolon = strchr(value, ';');
    const char *at = strchr(value, '@');
    const char *start = semicolon && (!at || semicolon < at) ? semicolon + 1 : value;
    return g_strstrip(g_strdup(start));
}

static char *address_in(const char *value)
{
    g_autofree char *text = behind_type(value);
    const char *open = strchr(text, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    if (close)
        return g_strndup(open + 1, (gsize)(close - open - 1));
    g_strdelimit(text, "\t", ' ');
    char *blank = strchr(text, ' ');
    if (blank && strchr(text, '@'))
        *blank = '\0';
    return g_steal_pointer(&text);
}

char *status_code_in(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (!strchr("245", *at) || at[1] != '.' ||
            (at > text && (g_ascii_isalnum(at[-1]) || at[-1] == '.')))
            continue;
        gsize first = strspn(at + 2, "0123456789");
        if (first == 0 || first > 3 || at[2 + first] != '.')
            continue;
        gsize second = strspn(at + 3 + first, "0123456789");
        char next = at[3 + first + second];
        bool dotted = next == '.' && g_ascii_isdigit(at[4 + first + second]);
        if (second == 0 || second > 3 || g_ascii_isalpha(next) || dotted)
            continue;
        return g_strndup(at, 3 + first + second);
    }
    return NULL;
}

static char *first_word(const char *value)
{
    const char *start = value + strspn(value, " \t\"'<(");
    gsize length = strcspn(start, " \t;,()\"'<>.");
    return g_ascii_strdown(start, (gssize)length);
}

static struct report_recipient *recipient(struct status_reader *reader)
{
    if (!reader->current) {
        if (reader->report->recipients->len >= BOUNCE_MAX_RECIPIENTS) {
            report_add_limit(reader->report, "recipients");
            return NULL;
        }
        reader->current = report_add_recipient(reader->report);
        reader->count++;
    }
    return reader->current;
}

static void set_once(char **target, char *value)
{
    if (*target || !*value)
        g_free(value);
    else
        *target = value;
}

static void set_status(struct report_recipient *one, const char *value)
{
    g_autofree char *code = status_code_in(value);
    if (code)
        set_once(&one->status, g_steal_pointer(&code));
}

static bool begins_recipient(const struct header_field *field)
{
    return header_field_is(field, "Final-Recipient") ||
           header_field_is(field, "Original-Recipient") ||
           header_field_is(field, "X-Actual-Recipient") || header_field_is(field, "Action") ||
           header_field_is(field, "Status") || header_field_is(field, "Diagnostic-Code") ||
           header_field_is(field, "Will-Retry-Until");
}

static void read_recipient_field(struct status_reader *reader, const struct header_field *field,
                                 const char *value)
{
    if (header_field_is(field, "Final-Recipient") && reader->current && reader->current->final)
        reader->current = NULL; // blocks run together
    struct report_recipient *one = recipient(reader);
    if (!one)
        return;
    if (header_field_is(field, "Final-Recipient"))
        set_once(&one->final, address_in(value));
    else if (header_field_is(field, "Original-Recipient"))
        set_once(&one->original, address_in(value));
    else if (header_field_is(field, "Action"))
        set_once(&one->action, first_word(value));
    else if (header_field_is(field, "Status"))
        set_status(one, value);
    else if (header_field_is(field, "Diagnostic-Code"))
        set_once(&one->diagnostic, behind_type(value));
    else if (header_field_is(field, "Will-Retry-Until"))
        set_once(&one->action, g_strdup("delayed")); // stands behind Action (RFC 3464 §2.3)
}

// What the block says of the original itself (RFC 8098 §3.2.5, RFC 5965 §3.2; Gmail and Exchange in
// delivery-status). A returned header, read later, goes before it.
static void read_original_field(struct original *original, const struct header_field *field,
                                const char *value)
{
    if (header_field_is(field, "Original-Message-ID") ||
        header_field_is(field, "X-Original-Message-ID"))
        set_once(&original->message_id, g_strdup(value));
    else if (header_field_is(field, "Original-Mail-From"))
        set_once(&original->return_path, address_in(value));
}

static void read_field(struct status_reader *reader, const struct header_field *field)
{
    g_autofree char *raw = header_field_value(field);
    g_autofree char *value = g_utf8_make_valid(raw, -1);
    if (begins_recipient(field))
        read_recipient_field(reader, field, value);
    else if (header_field_is(field, "Reporting-MTA") || header_field_is(field, "Reporting-UA"))
        set_once(&reader->report->reporting_mta, behind_type(value));
    else
        read_original_field(&reader->report->original, field, value);
}

void status_read_notice(struct report *report, const char *text, gsize length)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, length);
    g_autoptr(Message) block = message_new(bytes);
    for (guint i = 0; i < block->fields->len; i++) {
        const struct header_field *field = &g_array_index(block->fields, struct header_field, i);
        g_autofree char *raw = header_field_value(field);
        g_autofree char *value = g_utf8_make_valid(raw, -1);
        read_original_field(&report->original, field, value);
        if (header_field_is(field, "Reporting-UA") || header_field_is(field, "Reporting-MTA"))
            set_once(&report->reporting_mta, behind_type(value));
    }
}

guint status_read(struct report *report, const char *text, gsize length)
{
    struct status_reader reader = {.report = report};
    const char *at = text, *end = text + length;
    for (guint blocks = 0; at < end && blocks < 2 * BOUNCE_MAX_RECIPIENTS; blocks++) {
        while (at < end && g_ascii_isspace(*at))
            at++;
        g_autoptr(GBytes) rest = g_bytes_new_static(at, (gsize)(end - at));
        g_autoptr(Message) block = message_new(rest);
        reader.current = NULL;
        for (guint i = 0; i < block->fields->len; i++)
            read_field(&reader, &g_array_index(block->fields, struct header_field, i));
        const char *next = block->body;
        if (block->fields->len == 0) { // a line that is no field
            const char *stop = memchr(at, '\n', (gsize)(end - at));
            next = stop ? stop + 1 : end;
        }
        at = next;
    }
    return reader.count;
}

static bool has_line(const char *text, gsize length, const char *name)
{
    gsize size = strlen(name);
    const char *at = text, *end = text + length;
    while (at < end && (gsize)(end - at) > size) {
        if (g_ascii_strncasecmp(at, name, size) == 0)
            return true;
        const char *stop = memchr(at, '\n', (gsize)(end - at));
        if (!stop)
            return false;
        at = stop + 1;
    }
    return false;
}

bool status_looks_like(const char *text, gsize length)
{
    return has_line(text, length, "Final-Recipient:") &&
           (has_line(text, length, "Action:") || has_line(text, length, "Status:"));
}

static bool class_of(const struct report_recipient *one, enum bounce_class *class_r)
{
    static const struct {
        const char *begin;
        enum bounce_class class;
    } words[] = {
        {"fail", BOUNCE_DSN_FAILURE},      {"expired", BOUNCE_DSN_FAILURE},
        {"reject", BOUNCE_DSN_FAILURE},    {"bounce", BOUNCE_DSN_FAILURE},
        {"undeliver", BOUNCE_DSN_FAILURE}, {"error", BOUNCE_DSN_FAILURE},
        {"denied", BOUNCE_DSN_FAILURE},    {"delay", BOUNCE_DSN_DELAY},
        {"deferred", BOUNCE_DSN_DELAY},    {"transient", BOUNCE_DSN_DELAY},
        {"deliver", BOUNCE_DSN_SUCCESS},   {"relay", BOUNCE_DSN_SUCCESS},
        {"expand", BOUNCE_DSN_SUCCESS},    {"success", BOUNCE_DSN_SUCCESS},
    };
    for (gsize i = 0; one->action && i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(one->action, words[i].begin)) {
            *class_r = words[i].class;
            return true;
        }
    }
    if (!one->status)
        return false;
    *class_r = one->status[0] == '2' ? BOUNCE_DSN_SUCCESS : BOUNCE_DSN_FAILURE;
    return true;
}

bool status_class(const struct report *report, enum bounce_class *class_r)
{
    enum bounce_class best = BOUNCE_NONE;
    for (guint i = 0; i < report->recipients->len; i++) {
        enum bounce_class class;
        if (class_of(g_ptr_array_index(report->recipients, i), &class) &&
            (best == BOUNCE_NONE || class < best))
            best = class;
    }
    if (best == BOUNCE_NONE)
        return false;
    *class_r = best;
    return true;
}
