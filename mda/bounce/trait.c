// SPDX-License-Identifier: MIT
#include "bounce/trait.h"

#include "bounce/trait-words.h"
#include "message/mime.h"

#include <string.h>

// Long header values are lists of addresses; what we look for stands at their beginning.
#define VALUE_BYTES 600
#define MARK_VALUE_BYTES 65536
#define USUAL_MARK_HEADER "X-SpamReason"

static gsize copy_lower(const struct header_field *field, char *buffer, gsize size)
{
    const gsize length = MIN(field->value_length, size - 1);
    gsize to = 0;
    for (gsize i = 0; i < length; i++) {
        char c = field->value[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        else if (c == '\t' || c == '\0')
            c = ' ';
        buffer[to] = c;
        to += c != '\r' && c != '\n'; // unfolded
    }
    buffer[to] = '\0';
    return to;
}

// A list of words, entered under their first two bytes at first use, so that one pass over a text
// finds any of them.
#define WORDS_MAX 255
#define WORDS_BUCKETS 1024

struct words {
    const char *const *list;
    guint count;
    bool entered;
    guint8 first[WORDS_BUCKETS]; // index + 1 of a word; 0: none
    guint8 next[WORDS_MAX];      // index + 1 of the next word with the same bucket
};

// The list NAME_LIST of trait-words.h as a struct words called NAME.
#define WORDS(name, name_list)                                                                     \
    G_STATIC_ASSERT(G_N_ELEMENTS(name_list) <= WORDS_MAX);                                         \
    static struct words name = {.list = name_list, .count = G_N_ELEMENTS(name_list)}

WORDS(daemon_words, daemons);
WORDS(subject_ascii, subject_words);
WORDS(subject_other, subject_words_decoded);
WORDS(type_words, report_types);

static guint pair_of(const char *at)
{
    return ((guchar)at[0] * 31u + (guchar)at[1]) % WORDS_BUCKETS;
}

static void words_enter(struct words *words)
{
    for (guint i = 0; i < words->count; i++) {
        guint8 *bucket = &words->first[pair_of(words->list[i])];
        words->next[i] = *bucket;
        *bucket = (guint8)(i + 1);
    }
    words->entered = true;
}

static bool begins_with(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return *word == '\0';
}

static bool has_any(const char *text, struct words *words)
{
    if (!words->entered)
        words_enter(words);
    for (const char *at = text; at[0] && at[1]; at++) {
        for (guint n = words->first[pair_of(at)]; n > 0; n = words->next[n - 1]) {
            if (begins_with(at, words->list[n - 1]))
                return true;
        }
    }
    return false;
}

bool trait_names_daemon(const char *text)
{
    return has_any(text, &daemon_words);
}

// A field's lower-case value begins with one of WORDS.
static bool starts_with_any(const char *text, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (begins_with(text, words[i]))
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

// The charset that Content-Type names, or NULL. Owned by the caller.
static char *declared_charset(const struct message *message)
{
    const struct header_field *field = message_field(message, "Content-Type", 0);
    if (!field)
        return NULL;
    char value[VALUE_BYTES];
    copy_lower(field, value, sizeof value);
    const char *at = strstr(value, "charset=");
    if (!at)
        return NULL;
    at += strlen("charset=");
    at += strspn(at, "\"' ");
    return g_strndup(at, strcspn(at, "\"'; "));
}

// The value decoded and in lower case, for text that is no ASCII. Owned by the caller.
static char *decoded_lower(const struct message *message, const struct header_field *field)
{
    g_autofree char *charset = declared_charset(message);
    g_autofree char *decoded =
        mime_decode_header_in(field->value, (gssize)MIN(field->value_length, VALUE_BYTES), charset);
    return g_utf8_strdown(decoded, -1);
}

static unsigned subject_trait(const char *value)
{
    const char *start = value + strspn(value, " ");
    // Simple responders answer "Re: " and the address that was written to.
    const char *answer = g_str_has_prefix(start, "re:") ? start + 3 + strspn(start + 3, " ") : NULL;
    bool address = answer && strchr(answer, '@') && !strchr(answer, ' ');
    bool found = address || has_any(start, &subject_ascii) ||
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
        return strstr(start, "auto") ? TRAIT_AUTO_SUBMITTED
               : g_str_has_prefix(start, "bulk") || g_str_has_prefix(start, "junk") ? TRAIT_BULK
                                                                                    : 0;
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
    return header_field_is(field, USUAL_MARK_HEADER);
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

static unsigned decoded_traits(const struct message *message, const struct header_field *field)
{
    g_autofree char *value = decoded_lower(message, field);
    if (!header_field_is(field, "Subject"))
        return trait_names_daemon(value) ? TRAIT_DAEMON : 0;
    bool found = has_any(value, &subject_other);
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
    ROLE_DELIVERED_TO,
    ROLE_LIST,
    ROLE_REPORT, // only reports and automatic replies have it
};

struct known_field {
    const char *name;
    enum field_role role;
};

static const struct known_field roles[] = {
    {"Auto-Submitted", ROLE_AUTOMATIC},
    {"X-Auto-Submitted", ROLE_AUTOMATIC},
    {"Precedence", ROLE_AUTOMATIC},
    {"X-Precedence", ROLE_AUTOMATIC},
    {"Return-Path", ROLE_SENDER},
    {"X-Envelope-From", ROLE_SENDER},
    {"From", ROLE_FROM},
    {"Sender", ROLE_FROM},
    {"Content-Type", ROLE_TYPE},
    {"Subject", ROLE_SUBJECT},
    {"Message-ID", ROLE_MESSAGE_ID},
    {"Delivered-To", ROLE_DELIVERED_TO},
    {"List-Id", ROLE_LIST},
    {"List-Post", ROLE_LIST},
    {"List-Unsubscribe", ROLE_LIST},
    {"Mailing-List", ROLE_LIST},
    {"X-Mailing-List", ROLE_LIST},
    {"X-BeenThere", ROLE_LIST},
};

// The fields above and those of trait-words.h, entered at first use by length, first and last
// letter: most fields of a message are found to be none of them at one look.
#define FIELDS_MAX 200
#define FIELDS_BUCKETS 1024

static struct {
    struct known_field known[FIELDS_MAX];
    guint8 first[FIELDS_BUCKETS]; // index + 1 of a known field; 0: none
    guint8 next[FIELDS_MAX];      // index + 1 of the next one in the same bucket
    guint8 count;
} fields;
G_STATIC_ASSERT(G_N_ELEMENTS(roles) + G_N_ELEMENTS(report_fields) <= FIELDS_MAX);

static guint name_hash(const char *name, gsize length)
{
    return (((guchar)name[0] | 32u) * 31u + ((guchar)name[length - 1] | 32u) * 7u +
            (guint)length * 97u) %
           FIELDS_BUCKETS;
}

static void enter_field(const char *name, enum field_role role)
{
    guint8 *bucket = &fields.first[name_hash(name, strlen(name))];
    fields.known[fields.count] = (struct known_field){name, role};
    fields.next[fields.count] = *bucket;
    *bucket = ++fields.count;
}

static void enter_fields(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
        enter_field(roles[i].name, roles[i].role);
    for (gsize i = 0; i < G_N_ELEMENTS(report_fields); i++)
        enter_field(report_fields[i], ROLE_REPORT);
}

static enum field_role role_of(const struct header_field *field)
{
    for (guint n = fields.first[name_hash(field->line, field->name_length)]; n > 0;
         n = fields.next[n - 1]) {
        if (header_field_is(field, fields.known[n - 1].name))
            return fields.known[n - 1].role;
    }
    return ROLE_NONE;
}

static unsigned writer_trait(char *value)
{
    bool nobody = g_str_has_suffix(g_strchomp(value), "<>");
    return nobody || trait_names_daemon(value) ? TRAIT_DAEMON : 0;
}

// TMDA's challenges and Cyrus's vacation replies are known by it.
static unsigned message_id_trait(const char *value)
{
    return strstr(value, "-tmda-confirm>") || strstr(value, "<cmu-sieve-") ? TRAIT_REPORT_FIELD : 0;
}

static unsigned value_traits(const struct message *message, const struct header_field *field,
                             enum field_role role)
{
    char value[VALUE_BYTES];
    copy_lower(field, value, sizeof value);
    if ((role == ROLE_SUBJECT || role == ROLE_FROM) && !is_plain(value))
        return decoded_traits(message, field);
    switch (role) {
    case ROLE_SENDER:
        return sender_trait(value);
    case ROLE_FROM:
        return writer_trait(value);
    case ROLE_TYPE:
        return has_any(value, &type_words) ? TRAIT_REPORT_TYPE : 0;
    case ROLE_SUBJECT:
        return subject_trait(value);
    case ROLE_MESSAGE_ID:
        return message_id_trait(value);
    case ROLE_AUTOMATIC:
        return automatic_trait(field, value);
    case ROLE_DELIVERED_TO: // qmail's autorespond and its kin, ezmlm
        return strstr(value, "responder") ? TRAIT_REPORT_FIELD : 0;
    case ROLE_LIST:
    case ROLE_REPORT:
    case ROLE_NONE:
        break;
    }
    return 0;
}

static unsigned field_traits(const struct message *message, const struct header_field *field)
{
    enum field_role role = role_of(field);
    switch (role) {
    case ROLE_NONE:
        return 0;
    case ROLE_REPORT:
        return TRAIT_REPORT_FIELD;
    case ROLE_LIST:
        return TRAIT_LIST;
    default:
        return value_traits(message, field, role);
    }
}

unsigned bounce_traits(const struct bounce_settings *settings, const struct message *message,
                       const struct envelope *envelope)
{
    unsigned traits = 0;
    if (fields.count == 0)
        enter_fields();
    if (envelope && envelope->sender)
        traits |= sender_trait(envelope->sender);
    for (guint i = 0; i < message->fields->len; i++) {
        const struct header_field *field = &g_array_index(message->fields, struct header_field, i);
        if (mark_header(settings, field))
            traits |= mark_trait(settings, field);
        traits |= field_traits(message, field);
    }
    return traits & TRAIT_LIST ? traits & ~(unsigned)(TRAIT_BULK | TRAIT_LIST) : traits;
}

bool bounce_has_trait(const struct bounce_settings *settings, const struct message *message,
                      const struct envelope *envelope)
{
    return bounce_traits(settings, message, envelope) != 0;
}
