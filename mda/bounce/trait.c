// SPDX-License-Identifier: MIT
#include "bounce/trait.h"

#include "base/narrow.h"
#include "bounce/trait-list.h"
#include "message/mime.h"

#include <string.h>
#include <unistd.h>

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

bool trait_names_daemon(const char *text)
{
    return trait_list_any(TRAIT_LIST_WRITER, text);
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
    return address || trait_list_any(TRAIT_LIST_SUBJECT, start) ? TRAIT_SUBJECT : 0;
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
    return subject_trait(value);
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

// The fields above and those of traits.rules, entered at first use by length, first and last
// letter: most fields of a message are found to be none of them at one look.
#define FIELDS_BUCKETS 1024

static struct {
    GArray *known;                 // struct known_field; NULL: not entered
    GArray *next;                  // guint16: index + 1 of the next one in the same bucket
    guint16 first[FIELDS_BUCKETS]; // index + 1 of a known field; 0: none
} fields;

static guint name_hash(const char *name, gsize length)
{
    return (((guchar)name[0] | 32u) * 31u + ((guchar)name[length - 1] | 32u) * 7u +
            size_narrow(length) * 97u) %
           FIELDS_BUCKETS;
}

static void enter_field(const char *name, enum field_role role)
{
    guint16 *bucket = &fields.first[name_hash(name, strlen(name))];
    struct known_field field = {name, role};
    g_array_append_val(fields.known, field);
    g_array_append_val(fields.next, *bucket);
    *bucket = (guint16)fields.known->len;
}

static void enter_fields(void)
{
    struct trait_words reports = trait_list_words(TRAIT_LIST_HEADER);
    fields.known = g_array_new(FALSE, FALSE, sizeof(struct known_field));
    fields.next = g_array_new(FALSE, FALSE, sizeof(guint16));
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
        enter_field(roles[i].name, roles[i].role);
    for (gsize i = 0; i < reports.count; i++)
        enter_field(reports.words[i], ROLE_REPORT);
}

static enum field_role role_of(const struct header_field *field)
{
    guint n = fields.first[name_hash(field->line, field->name_length)];
    while (n > 0) {
        const struct known_field *known = &g_array_index(fields.known, struct known_field, n - 1);
        if (header_field_is(field, known->name))
            return known->role;
        n = g_array_index(fields.next, guint16, n - 1);
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
        return trait_list_any(TRAIT_LIST_TYPE, value) ? TRAIT_REPORT_TYPE : 0;
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
    if (!fields.known)
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

void bounce_traits_extend(const char *const *directories)
{
    static bool extended = false; // the directories are those of the process
    if (extended)
        return;
    extended = true;
    for (; directories && *directories; directories++) {
        g_autofree char *path = g_build_filename(*directories, TRAIT_FILE_NAME, NULL);
        // What is wrong with it is told where the rules are loaded.
        if (access(path, F_OK) == 0 && !trait_file_read(path, true, NULL))
            continue;
    }
}

bool bounce_has_trait(const struct bounce_settings *settings, const struct message *message,
                      const struct envelope *envelope)
{
    return bounce_traits(settings, message, envelope) != 0;
}
