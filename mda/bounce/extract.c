// SPDX-License-Identifier: MIT
#include "bounce/extract.h"

#include "base/text.h"
#include "bounce/block.h"
#include "bounce/bounce-limits.h"
#include "bounce/mention.h"
#include "bounce/original.h"
#include "bounce/reason.h"
#include "bounce/status.h"

#include <string.h>

#define DIAGNOSTIC_MAX_BYTES 1000
#define MATCHES_MAX 200

static char *group_text(const struct facts *facts, const struct regex_span *span)
{
    if (span->start < 0 || span->end <= span->start)
        return NULL;
    return text_printable(facts->text + span->start, span->end - span->start, DIAGNOSTIC_MAX_BYTES);
}

static char *named(const struct facts *facts, const struct regex *regex,
                   const struct regex_span *spans, const char *name)
{
    int number = regex_group_number(regex, name);
    return number > 0 && number < 12 ? group_text(facts, &spans[number]) : NULL;
}

static char *bare_address(char *text)
{
    if (!text)
        return NULL;
    g_strstrip(text);
    char *trimmed = g_strdup(text + strspn(text, "<\"'(["));
    g_free(text);
    for (gsize length = strlen(trimmed); length > 0 && strchr(">\"')].,:;", trimmed[length - 1]);
         length--)
        trimmed[length - 1] = '\0';
    return trimmed;
}

static struct report_recipient *known_recipient(const struct report *report, const char *address)
{
    for (guint i = 0; i < report->recipients->len; i++) {
        struct report_recipient *one = g_ptr_array_index(report->recipients, i);
        if ((one->final && g_ascii_strcasecmp(one->final, address) == 0) ||
            (one->original && g_ascii_strcasecmp(one->original, address) == 0))
            return one;
    }
    return NULL;
}

static void fill(char **target, char *value)
{
    if (*target || !value || !*value)
        g_free(value);
    else
        *target = value;
}

static struct report_recipient *recipient_called(struct facts *facts, const char *address)
{
    struct report_recipient *one = known_recipient(facts->report, address);
    if (one)
        return one;
    if (facts->report->recipients->len >= BOUNCE_MAX_RECIPIENTS) {
        report_add_limit(facts->report, "recipients");
        return NULL;
    }
    one = report_add_recipient(facts->report);
    one->final = g_strdup(address);
    return one;
}

static void take_match(struct facts *facts, const struct regex *regex,
                       const struct regex_span *spans)
{
    g_autofree char *address = bare_address(named(facts, regex, spans, "recipient"));
    if (!address || !*address)
        return;
    struct report_recipient *one = recipient_called(facts, address);
    if (!one)
        return;
    fill(&one->original, bare_address(named(facts, regex, spans, "original")));
    g_autofree char *status = named(facts, regex, spans, "status");
    if (status)
        fill(&one->status, status_code_in(status));
    g_autofree char *action = named(facts, regex, spans, "action");
    if (action)
        fill(&one->action, g_ascii_strdown(action, -1));
    fill(&one->diagnostic, named(facts, regex, spans, "diagnostic"));
}

static void each_recipient(struct facts *facts, const struct regex *regex)
{
    gsize from = 0;
    for (guint i = 0; i < MATCHES_MAX && from <= facts->text_length; i++) {
        struct regex_span spans[12];
        enum regex_result result =
            regex_search(regex, facts->text, facts->text_length, from, spans, G_N_ELEMENTS(spans));
        if (result == REGEX_LIMIT)
            report_add_limit(facts->report, "regular expression");
        if (result != REGEX_YES)
            return;
        take_match(facts, regex, spans);
        from = (gsize)MAX(spans[0].end, spans[0].start + 1);
    }
}

static char *first_group(struct facts *facts, struct rule *rule, enum rule_pattern which)
{
    struct regex *regex = NULL;
    for (guint n = 0; rule_pattern(rule, which, n, &regex); n++) {
        struct regex_span spans[2];
        if (regex && regex_search(regex, facts->text, facts->text_length, 0, spans, 2) == REGEX_YES)
            return group_text(facts, &spans[1]);
    }
    return NULL;
}

// The original behind the rule's marker line, in whichever text has it.
static void original_after(struct facts *facts, const struct regex *regex)
{
    for (guint i = 0; i < facts->pieces->len; i++) {
        gsize size = 0;
        const char *data = g_bytes_get_data(g_ptr_array_index(facts->pieces, i), &size);
        struct regex_span span;
        struct header_block block = {0};
        if (size == 0 || regex_search(regex, data, size, 0, &span, 1) != REGEX_YES)
            continue;
        const char *stop = memchr(data + span.end, '\n', size - (gsize)span.end);
        if (!stop || !header_block_at(data, size, (gsize)(stop + 1 - data), &block))
            continue;
        g_autoptr(GBytes) original = header_block_take(data, size, &block, true);
        g_free(block.prefix);
        original_read(facts->report, original, "text");
        facts->has_original = true;
        return;
    }
}

// ID, which is taken over, with its <>; NULL for what is none.
static char *as_message_id(char *id)
{
    if (!id || !strchr(id, '@')) {
        g_free(id);
        return NULL;
    }
    char *whole = *id == '<' ? g_strdup(id) : g_strconcat("<", id, ">", NULL);
    g_free(id);
    return whole;
}

void extract_by_rule(struct facts *facts, struct rule *rule)
{
    struct regex *regex = NULL;
    for (guint n = 0; rule_pattern(rule, PATTERN_ORIGINAL_AFTER, n, &regex); n++) {
        if (regex && !facts->has_original)
            original_after(facts, regex);
    }
    for (guint n = 0; rule_pattern(rule, PATTERN_RECIPIENT, n, &regex); n++) {
        if (regex && facts->report->recipients->len == 0)
            each_recipient(facts, regex);
    }
    fill(&facts->report->reporting_mta, first_group(facts, rule, PATTERN_REPORTING_MTA));
    struct original *original = &facts->report->original;
    if (!original->message_id)
        original->message_id = as_message_id(first_group(facts, rule, PATTERN_MESSAGE_ID));
    if (!original->subject)
        fill(&original->subject, first_group(facts, rule, PATTERN_SUBJECT));
    if (!original->from)
        fill(&original->from, bare_address(first_group(facts, rule, PATTERN_FROM)));
    if (!original->where && (original->message_id || original->from))
        original->where = g_strdup("text");
}

// The lines by which reports without a machine-readable part name the recipient.
static bool is_recipient_label(const struct facts *facts, gsize start)
{
    static const char *const labels[] = {
        "rcpt to",      "recipient",      "empfänger",  "destinataire", "destinatario",
        "destinatário", "failed address", "получатель", "收件人",       "宛先"};
    gsize from = start;
    while (from > 0 && start - from < 60 && facts->text[from - 1] != '\n')
        from--;
    g_autofree char *line = g_strndup(facts->text + from, start - from);
    g_autofree char *folded = phrase_fold(line, -1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        if (g_str_has_prefix(folded, labels[i]) && strlen(folded) < strlen(labels[i]) + 16)
            return true;
    }
    return false;
}

// The addresses that the words mention; where some stand behind a label, these alone.
static void addresses_in_text(struct facts *facts, bool labelled)
{
    struct mention mention;
    gsize at = 0;
    while (facts->report->recipients->len < 50 &&
           mention_next(facts->text, facts->text_length, &at, &mention)) {
        if (mention_may_be_recipient(facts, mention.address) &&
            (!labelled || is_recipient_label(facts, mention.start)))
            recipient_called(facts, mention.address);
        g_free(mention.address);
    }
}

static void failed_recipients(struct facts *facts)
{
    const struct header_field *field;
    for (guint n = 0; n < 20 && (field = message_field(facts->message, "X-Failed-Recipients", n));
         n++) {
        g_autofree char *raw = header_field_value(field);
        g_autofree char *value = mime_decode_header(raw, -1);
        g_auto(GStrv) list = g_strsplit(value, ",", BOUNCE_MAX_RECIPIENTS);
        for (char **at = list; *at; at++) {
            g_autofree char *address = bare_address(g_strdup(*at));
            if (*address)
                recipient_called(facts, address);
        }
    }
}

// "Original Message ID: abc@x.example": what some say of the original instead of returning it.
static void message_id_in_text(struct facts *facts)
{
    static struct regex *regex = NULL;
    struct regex_span spans[2];
    if (!regex && !regex_compile("^[ \\t]*(?:Ori?ginal[ -])?Message[ -]?ID[ \\t]*[:=][ \\t]*"
                                 "<?([^\\s<>@]+@[^\\s<>]+)>?[ \\t]*$",
                                 -1, REGEX_CASELESS | REGEX_MULTILINE | REGEX_UTF, &regex, NULL))
        return;
    if (regex_search(regex, facts->text, facts->text_length, 0, spans, 2) != REGEX_YES)
        return;
    facts->report->original.message_id = as_message_id(group_text(facts, &spans[1]));
    if (!facts->report->original.where)
        facts->report->original.where = g_strdup("text");
}

// The original's Message-ID in a field of the report: certified mail, some gateways.
static void message_id_in_field(struct facts *facts)
{
    static const char *const names[] = {"X-Riferimento-Message-ID", "X-Original-Message-ID",
                                        "Original-Message-ID", "X-Orig-Message-ID"};
    for (gsize i = 0; i < G_N_ELEMENTS(names) && !facts->report->original.message_id; i++) {
        g_autofree char *value = message_header(facts->message, names[i], 0);
        // The field may hold any bytes; what a report says is UTF-8, as in original.c.
        facts->report->original.message_id =
            as_message_id(value ? g_utf8_make_valid(value, -1) : NULL);
        if (facts->report->original.message_id && !facts->report->original.where)
            facts->report->original.where = g_strdup("header");
    }
}

void extract_by_habit(struct facts *facts)
{
    if (facts->report->recipients->len == 0)
        failed_recipients(facts);
    if (facts->report->recipients->len == 0)
        addresses_in_text(facts, true);
    if (facts->report->recipients->len == 0)
        addresses_in_text(facts, false);
    if (!facts->report->original.message_id)
        message_id_in_field(facts);
    if (!facts->report->original.message_id)
        message_id_in_text(facts);
    // A report that answers a mail and returns nothing of it: Odoo, Gmail's groups.
    GPtrArray *references = facts->report->original.references;
    if (!facts->report->original.message_id && !facts->has_original && references->len > 0)
        facts->report->original.message_id = g_strdup(g_ptr_array_index(references, 0));
    reason_read(facts);
}
