// SPDX-License-Identifier: MIT
#include "bounce/reason.h"

#include "base/text.h"
#include "bounce/status.h"

#include <string.h>

#define RECIPIENTS_MAX 50      // whose words are looked for
#define SECTION_MAX_BYTES 4096 // of the words about one recipient
#define DIAGNOSTIC_MAX_BYTES 1000
#define WORDS_MAX_BYTES 300
#define WORDS_MIN_LETTERS 6 // less is punctuation or "Re:"

struct section {
    const char *start, *end; // whole lines
    const char *line_end;    // of the line that names the recipient
};

static const char *line_start(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    return at;
}

static guint letters(const char *start, const char *end)
{
    guint count = 0;
    for (const char *at = start; at < end; at++)
        count += g_ascii_isalpha(*at) || (guchar)*at >= 0x80;
    return count;
}

// Where the text names RECIPIENT; NULL when it does not.
static const char *place_of(const struct facts *facts, const struct report_recipient *recipient)
{
    const char *place =
        recipient->final && *recipient->final ? strcasestr(facts->text, recipient->final) : NULL;
    if (!place && recipient->original && *recipient->original)
        place = strcasestr(facts->text, recipient->original);
    return place;
}

// From the line that names recipient number I to the one that names the next, or a line of dashes.
static bool section_of(const struct facts *facts, const char *const *places, guint count, guint i,
                       struct section *section)
{
    if (!places[i])
        return false;
    const char *text_end = facts->text + facts->text_length;
    const char *end =
        text_end - places[i] > SECTION_MAX_BYTES ? places[i] + SECTION_MAX_BYTES : text_end;
    for (guint j = 0; j < count; j++) {
        if (places[j] && places[j] > places[i] && places[j] < end)
            end = line_start(facts->text, places[j]);
    }
    section->start = line_start(facts->text, places[i]);
    section->line_end = text_line_end(places[i], text_end);
    const char *dashes = g_strstr_len(section->line_end, MAX(0, end - section->line_end), "\n--");
    section->end = MAX(dashes ? dashes : end, section->line_end);
    return true;
}

// What the section says beside the address: the rest of its line and paragraph, or the next one.
static char *words_of(const struct section *section, const struct report_recipient *recipient)
{
    guint address = letters(recipient->final, recipient->final + strlen(recipient->final));
    const char *start = section->start;
    if (letters(start, section->line_end) < address + WORDS_MIN_LETTERS) {
        start = section->line_end;
        while (start < section->end && g_ascii_isspace(*start))
            start++;
    }
    const char *end = text_paragraph_end(start, section->end);
    if (letters(start, end) < WORDS_MIN_LETTERS)
        return NULL;
    return text_printable(start, end - start, WORDS_MAX_BYTES);
}

// An SMTP reply in START to END: "550 5.1.1 …", "550: …". NULL when there is none.
static const char *reply_in(const char *start, const char *end)
{
    for (const char *c = start; c + 4 < end; c++) {
        bool edge = c == start || !(g_ascii_isalnum(c[-1]) || strchr(".:/[-", c[-1]));
        if (edge && (*c == '4' || *c == '5') && c[1] >= '0' && c[1] <= '5' &&
            g_ascii_isdigit(c[2]) && strchr(" -:", c[3]))
            return c;
    }
    return NULL;
}

static char *reply_line(const char *start, const char *end)
{
    const char *reply = reply_in(start, end);
    return reply ? text_printable(reply, text_line_end(reply, end) - reply, DIAGNOSTIC_MAX_BYTES)
                 : NULL;
}

// RFC 3463 §3.1: all that a reply code without an enhanced one says is X.0.0.
static char *status_of_reply(const char *diagnostic)
{
    const char *reply = reply_in(diagnostic, diagnostic + strlen(diagnostic));
    return reply ? g_strdup_printf("%c.0.0", *reply) : NULL;
}

static char *status_in(const char *start, const char *end)
{
    g_autofree char *copy = g_strndup(start, (gsize)(end - start));
    return status_code_in(copy);
}

static const char *action_of(enum bounce_class class)
{
    return class == BOUNCE_DSN_FAILURE ? "failed"
           : class == BOUNCE_DSN_DELAY ? "delayed"
                                       : "delivered";
}

static void read_one(const struct facts *facts, struct report_recipient *one,
                     const struct section *section)
{
    const char *end = facts->text + facts->text_length;
    bool only = facts->report->recipients->len == 1;
    const char *from = only || !section ? facts->text : section->start;
    const char *to = only ? end : section ? section->end : from;
    if (!one->diagnostic)
        one->diagnostic = reply_line(from, to);
    if (!one->diagnostic && section && one->final)
        one->diagnostic = words_of(section, one);
    if (!one->status && one->diagnostic)
        one->status = status_code_in(one->diagnostic);
    if (!one->status)
        one->status = status_in(from, to);
    if (!one->status && one->diagnostic)
        one->status = status_of_reply(one->diagnostic);
    if (!one->action)
        one->action = g_strdup(action_of(facts->report->class));
}

void reason_read(struct facts *facts)
{
    GPtrArray *recipients = facts->report->recipients;
    const char *places[RECIPIENTS_MAX] = {NULL};
    guint count = MIN(recipients->len, RECIPIENTS_MAX);
    for (guint i = 0; i < count; i++)
        places[i] = place_of(facts, g_ptr_array_index(recipients, i));
    for (guint i = 0; i < recipients->len; i++) {
        struct section section;
        bool found = i < count && section_of(facts, places, count, i, &section);
        read_one(facts, g_ptr_array_index(recipients, i), found ? &section : NULL);
    }
}
