// SPDX-License-Identifier: MIT
#include "message/intake.h"

#include "message/date.h"

#include <stdlib.h>
#include <string.h>

// Only this much of an address goes into a header line; RFC 5321 §4.5.3.1.3 allows 254.
#define ADDRESS_MAX 1000

static const char *from_environment(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value)
            return value;
    }
    return NULL;
}

// Postfix writes the null sender as MAILER-DAEMON into the environment and the From_ line.
static char *sender_address(const char *text)
{
    char *address = envelope_address(text);
    if (address && g_ascii_strcasecmp(address, "MAILER-DAEMON") == 0)
        *address = '\0';
    return address;
}

static char *from_line_sender(const struct message *message)
{
    if (!message->from_line)
        return NULL;
    const char *at = memchr(message->from_line, ' ', message->from_line_length);
    const char *end = message->from_line + message->from_line_length;
    at = at ? at + 1 : end;
    const char *stop = at;
    while (stop < end && (guchar)*stop > ' ')
        stop++;
    g_autofree char *word = g_strndup(at, (gsize)(stop - at));
    return stop > at ? sender_address(word) : NULL;
}

// An empty option is what a shell makes of a variable that is not set: none is given.
static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " \t")] == '\0';
}

static char *find_sender(const struct intake_options *options, const struct message *message)
{
    static const char *const names[] = {"SENDER", NULL};
    if (!is_blank(options->sender))
        return sender_address(options->sender);
    const char *value = from_environment(names);
    if (value)
        return sender_address(value);
    char *sender = from_line_sender(message);
    if (sender)
        return sender;
    g_autofree char *path = message_header(message, "Return-Path", 0);
    sender = sender_address(path);
    return !sender && options->sender && options->blank_is_null ? g_strdup("") : sender;
}

// Exim and others give the address in parts.
static char *recipient_from_parts(void)
{
    static const char *const locals[] = {"LOCAL_PART", "LOCAL", NULL};
    static const char *const domains[] = {"DOMAIN", "HOST", NULL};
    const char *local = from_environment(locals);
    const char *domain = from_environment(domains);
    return local && *local && domain && *domain ? g_strdup_printf("%s@%s", local, domain) : NULL;
}

static char *find_recipient(const struct intake_options *options)
{
    static const char *const names[] = {"RECIPIENT", NULL};
    if (!is_blank(options->recipient))
        return envelope_address(options->recipient);
    const char *value = from_environment(names);
    if (value && *value)
        return envelope_address(value);
    char *address = recipient_from_parts();
    if (!address && !is_blank(options->original_recipient))
        address = envelope_address(options->original_recipient);
    return address;
}

void intake_envelope(const struct intake_options *options, const struct message *message,
                     struct envelope *envelope_r)
{
    static const char *const originals[] = {"ORIGINAL_RECIPIENT", NULL};
    static const char *const extensions[] = {"EXTENSION", "EXT", "LOCAL_PART_SUFFIX", NULL};
    static const char *const client_addresses[] = {"CLIENT_ADDRESS", NULL};
    static const char *const client_helos[] = {"CLIENT_HELO", NULL};
    static const char *const client_names[] = {"CLIENT_HOSTNAME", NULL};
    const char *original = is_blank(options->original_recipient) ? from_environment(originals)
                                                                 : options->original_recipient;
    *envelope_r = (struct envelope){
        .sender = find_sender(options, message),
        .recipient = find_recipient(options),
        .original_recipient = envelope_address(original),
        .addressed = options->alias_counts && !is_blank(options->original_recipient)
                         ? envelope_address(options->original_recipient)
                         : NULL,
        .extension = g_strdup(from_environment(extensions)),
        .client_address = g_strdup(from_environment(client_addresses)),
        .client_helo = g_strdup(from_environment(client_helos)),
        .client_name = g_strdup(from_environment(client_names)),
    };
}

gint64 intake_arrival(const struct message *message)
{
    g_autofree char *received = message_header(message, "Received", 0);
    const char *date = received ? strrchr(received, ';') : NULL;
    if (!date)
        return 0;
    gint64 seconds = 0;
    return date_parse(date + 1, &seconds) ? MAX(seconds, 0) : 0;
}

// An address is put into a header line only when it cannot end that line or start another.
static bool is_one_line(const char *address)
{
    if (strlen(address) > ADDRESS_MAX)
        return false;
    for (const char *at = address; *at; at++) {
        if ((guchar)*at < ' ' || *at == 0x7f)
            return false;
    }
    return true;
}

static bool has_address(const struct message *message, const char *name, const char *address,
                        guint among)
{
    for (guint n = 0; n < among; n++) {
        g_autofree char *value = message_header(message, name, n);
        if (!value)
            return false;
        g_autofree char *found = envelope_address(value);
        if (strcmp(found, address) == 0)
            return true;
    }
    return false;
}

char *intake_header(const struct message *message, const struct envelope *envelope)
{
    GString *header = g_string_new(NULL);
    const char *sender = envelope->sender;
    const char *recipient = envelope->recipient;
    if (sender && is_one_line(sender) && !has_address(message, "Return-Path", sender, 1))
        g_string_append_printf(header, "Return-Path: <%s>\n", sender);
    if (recipient && *recipient && is_one_line(recipient) &&
        !has_address(message, "Delivered-To", recipient, G_MAXUINT))
        g_string_append_printf(header, "Delivered-To: %s\n", recipient);
    return g_string_free(header, FALSE);
}

static void add_text(GChecksum *sum, const char *text)
{
    // With its NUL, so that neighbours do not run into each other; a missing one differs from "".
    if (text)
        g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
    else
        g_checksum_update(sum, (const guchar *)"\1", 2);
}

char *intake_fingerprint(const struct message *message, const struct envelope *envelope,
                         const char *distinction)
{
    // Whoever makes two messages with one sum gains nothing: stores compare the bytes before they
    // take one for the other.
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_MD5);
    g_checksum_update(sum, (const guchar *)message->data, (gssize)message->size);
    add_text(sum, envelope->sender);
    add_text(sum, envelope->recipient);
    add_text(sum, envelope->original_recipient);
    add_text(sum, distinction);
    return g_strdup(g_checksum_get_string(sum));
}
