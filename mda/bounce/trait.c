// SPDX-License-Identifier: MIT
#include "bounce/trait.h"

#include "bounce/trait-words.h"
#include "message/mime.h"

#include <string.h>

// Long header values are lists of addresses; what we look for stands at their beginning.
#define VALUE_BYTES 600
#define MARK_VALUE_BYTES 65536

static gsize copy_lower(const struct header_field *field, char *buffer, gsize size)
{
    gsize to = 0;
    for (gsize i = 0; i < field->value_length && to + 1 < size; i++) {
        char c = field->value[i];
        if (c == '\r' || c == '\n')
            continue;
        buffer[to++] = c == '\t' || c == '\0' ? ' ' : g_ascii_tolower(c);
    }
    buffer[to] = '\0';
    return to;
}

// Which pairs of bytes occur in a text: most words are ruled out by their first two.
struct pairs {
    guint64 set[16];
};

static guint pair_of(const char *at)
{
    return ((guchar)at[0] * 31u + (guchar)at[1]) & 1023;
}

static bool has_any(const char *text, const char *const *words, gsize count)
{
    struct pairs pairs = {0};
    for (const char *at = text; at[0] && at[1]; at++)
        pairs.set[pair_of(at) >> 6] |= G_GUINT64_CONSTANT(1) << (pair_of(at) & 63);
    for (gsize i = 0; i < count; i++) {
        guint pair = pair_of(words[i]);
        if ((pairs.set[pair >> 6] >> (pair & 63) & 1) && strstr(text, words[i]))
            return true;
    }
    return false;
}

bool trait_names_daemon(const char *text)
{
    return has_any(text, daemons, G_N_ELEMENTS(daemons));
}

// A field's lower-case value begins with one of WORDS.
static bool starts_with_any(const char *text, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (g_str_has_prefix(text, words[i]))
            return true;
    }
    return false;
}

// Is TEXT to be read as it stands: no encoded word, no 8-bit text, no ISO-2022 escape?
static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((guchar)*at >= 0x80 || *at == 0x1b)
            return false;
    }
    return !strstr(text, "=?");
}

// The value decoded and in lower case, for text that is no ASCII. Owned by the caller.
static char *decoded_lower(const struct header_field *field)
{
    g_autofree char *decoded =
        mime_decode_header(field->value, (gssize)MIN(field->value_length, VALUE_BYTES));
    return g_utf8_strdown(decoded, -1);
}

static unsigned subject_trait(const char *value)
{
    const char *start = value + strspn(value, " ");
    // Simple responders answer "Re: " and the address that was written to.
    const char *answer = g_str_has_prefix(start, "re:") ? start + 3 + strspn(start + 3, " ") : NULL;
    bool address = answer && strchr(answer, '@') && !strchr(answer, ' ');
    bool found = address || has_any(start, subject_words, G_N_ELEMENTS(subject_words)) ||
                 starts_with_any(start, subject_starts, G_N_ELEMENTS(subject_starts));
    return found ? TRAIT_SUBJECT : 0;
}

static unsigned automatic_trait(const struct header_field *field, const char *value)
{
    const char *start = value + strspn(value, " ");
    if (header_field_is(field, "Auto-Submitted") || header_field_is(field, "X-Auto-Submitted"))
        return g_str_has_prefix(start, "no") && !g_ascii_isalpha(start[2]) ? 0
                                                                           : TRAIT_AUTO_SUBMITTED;
    if (header_field_is(field, "Precedence") || header_field_is(field, "X-Precedence"))
        return strstr(start, "auto") ? TRAIT_AUTO_SUBMITTED : 0;
    return 0;
}

static unsigned sender_trait(const char *value)
{
    g_autofree char *address = g_strstrip(g_ascii_strdown(value, -1));
    if (*address == '\0' || strcmp(address, "<>") == 0)
        return TRAIT_NULL_SENDER;
    return trait_names_daemon(address) ? TRAIT_DAEMON : 0;
}

static bool mark_header(const struct bounce_settings *settings, const struct header_field *field)
{
    for (const char *const *at = settings->mark_headers; at && *at; at++) {
        if (header_field_is(field, *at))
            return true;
    }
    return header_field_is(field, "X-SpamReason");
}

static unsigned mark_trait(const struct bounce_settings *settings, const struct header_field *field)
{
    static const char *const usual[] = {"ml_is_possible_bounce", NULL};
    g_autofree char *value = g_malloc(MIN(field->value_length, MARK_VALUE_BYTES) + 1);
    copy_lower(field, value, MIN(field->value_length, MARK_VALUE_BYTES) + 1);
    bool set = settings->mark_tokens && *settings->mark_tokens;
    for (const char *const *at = set ? settings->mark_tokens : usual; *at; at++) {
        g_autofree char *token = g_ascii_strdown(*at, -1);
        if (*token && strstr(value, token))
            return TRAIT_MARK;
    }
    return 0;
}

static unsigned decoded_traits(const struct header_field *field)
{
    g_autofree char *value = decoded_lower(field);
    if (!header_field_is(field, "Subject"))
        return trait_names_daemon(value) ? TRAIT_DAEMON : 0;
    bool found = has_any(value, subject_words_decoded, G_N_ELEMENTS(subject_words_decoded));
    return found ? TRAIT_SUBJECT : subject_trait(value);
}

// What a field is to us; most are nothing.
enum field_role {
    ROLE_NONE,
    ROLE_SENDER,
    ROLE_FROM,
    ROLE_TYPE,
    ROLE_SUBJECT,
    ROLE_MESSAGE_ID,
    ROLE_AUTOMATIC,
};

static enum field_role role_of(const struct header_field *field)
{
    static const struct {
        const char *name;
        gsize length;
        enum field_role role;
    } roles[] = {
#define ROLE(name, role) {name, sizeof name - 1, role}
        ROLE("Auto-Submitted", ROLE_AUTOMATIC),
        ROLE("X-Auto-Submitted", ROLE_AUTOMATIC),
        ROLE("Precedence", ROLE_AUTOMATIC),
        ROLE("X-Precedence", ROLE_AUTOMATIC),
        ROLE("Return-Path", ROLE_SENDER),
        ROLE("X-Envelope-From", ROLE_SENDER),
        ROLE("From", ROLE_FROM),
        ROLE("Sender", ROLE_FROM),
        ROLE("Content-Type", ROLE_TYPE),
        ROLE("Subject", ROLE_SUBJECT),
        ROLE("Message-ID", ROLE_MESSAGE_ID),
#undef ROLE
    };
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
        if (roles[i].length == field->name_length &&
            g_ascii_strncasecmp(field->line, roles[i].name, roles[i].length) == 0)
            return roles[i].role;
    }
    return ROLE_NONE;
}

static unsigned writer_trait(char *value)
{
    bool nobody = g_str_has_suffix(g_strchomp(value), "<>");
    return nobody || trait_names_daemon(value) ? TRAIT_DAEMON : 0;
}

static unsigned field_traits(const struct header_field *field)
{
    enum field_role role = role_of(field);
    if (role == ROLE_NONE)
        return 0;
    char value[VALUE_BYTES];
    copy_lower(field, value, sizeof value);
    if ((role == ROLE_SUBJECT || role == ROLE_FROM) && !is_plain(value))
        return decoded_traits(field);
    switch (role) {
    case ROLE_SENDER:
        return sender_trait(value);
    case ROLE_FROM:
        return writer_trait(value);
    case ROLE_TYPE:
        return has_any(value, report_types, G_N_ELEMENTS(report_types)) ? TRAIT_REPORT_TYPE : 0;
    case ROLE_SUBJECT:
        return subject_trait(value);
    case ROLE_MESSAGE_ID:
        return strstr(value, "-tmda-confirm>") ? TRAIT_REPORT_FIELD : 0;
    case ROLE_AUTOMATIC:
        return automatic_trait(field, value);
    case ROLE_NONE:
        break;
    }
    return 0;
}

static bool is_report_field(const struct header_field *field)
{
    static guint64 known; // a bit for each length that a name of the list has
    guint64 lengths = known;
    for (gsize i = 0; known == 0 && i < G_N_ELEMENTS(report_fields); i++)
        lengths |= G_GUINT64_CONSTANT(1) << (strlen(report_fields[i]) & 63);
    known = lengths;
    if (field->name_length > 63 || !(lengths >> field->name_length & 1))
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(report_fields); i++) {
        if (header_field_is(field, report_fields[i]))
            return true;
    }
    return false;
}

unsigned bounce_traits(const struct bounce_settings *settings, const struct message *message,
                       const struct envelope *envelope)
{
    unsigned traits = 0;
    if (envelope && envelope->sender)
        traits |= sender_trait(envelope->sender);
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (mark_header(settings, field))
            traits |= mark_trait(settings, field);
        traits |= field_traits(field);
        if (is_report_field(field))
            traits |= TRAIT_REPORT_FIELD;
    }
    return traits;
}

bool bounce_has_trait(const struct bounce_settings *settings, const struct message *message,
                      const struct envelope *envelope)
{
    return bounce_traits(settings, message, envelope) != 0;
}
