// SPDX-License-Identifier: MIT
#include "message/received.h"

#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

#define QUEUE_ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define NAME_MAX_BYTES 255

static char *ip_address(const char *text, gsize length)
{
    if (length > 5 && g_ascii_strncasecmp(text, "IPv6:", 5) == 0) {
        text += 5;
        length -= 5;
    }
    if (length < 3 || length > 60)
        return NULL;
    g_autofree char *copy = g_strndup(text, length);
    char *zone = strchr(copy, '%');
    if (zone)
        *zone = '\0';
    unsigned char buffer[16];
    if (inet_pton(AF_INET, copy, buffer) != 1 && inet_pton(AF_INET6, copy, buffer) != 1)
        return NULL;
    return g_steal_pointer(&copy);
}

static bool is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || (guchar)c >= 0x80;
}

// The keyword WORD ("by") in VALUE outside comments, at or behind `from`; NULL when it is not
// there.
static const char *keyword(const char *value, const char *from, const char *word)
{
    gsize length = strlen(word);
    int depth = 0;
    for (const char *at = from; *at; at++) {
        if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && (at == value || g_ascii_isspace(at[-1]) || at[-1] == ')') &&
                 g_ascii_strncasecmp(at, word, length) == 0 && g_ascii_isspace(at[length]))
            return at;
    }
    return NULL;
}

static char *word_after(const char *at, gsize skip)
{
    at += skip;
    while (g_ascii_isspace(*at))
        at++;
    gsize length = strcspn(at, " \t;()");
    if (length == 0 || length > NAME_MAX_BYTES)
        return NULL;
    return g_strndup(at, length);
}

// The first IP address in the words of [start, end).
static char *find_address(const char *start, const char *end)
{
    for (const char *at = start; at < end;) {
        if (!is_name_char(*at)) {
            at++;
            continue;
        }
        const char *stop = at;
        while (stop < end && (is_name_char(*stop) || *stop == '%'))
            stop++;
        char *address = ip_address(at, (gsize)(stop - at));
        if (address)
            return address;
        at = stop;
    }
    return NULL;
}

// `HELO name`, `EHLO name`, `helo=name` in the comments behind "from".
static char *find_helo(const char *start, const char *end)
{
    for (const char *at = start; at + 5 < end; at++) {
        bool here = g_ascii_strncasecmp(at, "HELO ", 5) == 0 ||
                    g_ascii_strncasecmp(at, "EHLO ", 5) == 0 ||
                    g_ascii_strncasecmp(at, "helo=", 5) == 0;
        if (!here || (at > start && g_ascii_isalnum(at[-1])))
            continue;
        at += 5;
        gsize length = strcspn(at, " \t)");
        if (length > 0 && length <= NAME_MAX_BYTES && at + length <= end)
            return g_strndup(at, length);
    }
    return NULL;
}

// The host name that a comment begins with: `(mail.example.org [192.0.2.1])`.
static char *name_in_comment(const char *start, const char *end)
{
    const char *open = memchr(start, '(', (gsize)(end - start));
    if (!open)
        return NULL;
    const char *at = open + 1;
    const char *stop = at;
    while (stop < end && is_name_char(*stop))
        stop++;
    gsize length = (gsize)(stop - at);
    bool ends = stop < end && (*stop == ' ' || *stop == ')' || *stop == '[');
    if (!ends || length == 0 || !memchr(at, '.', length))
        return NULL;
    g_autofree char *address = ip_address(at, length);
    return address ? NULL : g_strndup(at, length);
}

static bool is_no_name(const char *name)
{
    return g_ascii_strcasecmp(name, "unknown") == 0 || g_ascii_strcasecmp(name, "localhost") == 0;
}

static void parse_from(const char *start, const char *end, struct received *received)
{
    g_autofree char *first = word_after(start, 4);
    received->address = find_address(start + 4, end);
    char *helo = find_helo(start, end);
    if (helo) {
        received->from = helo;
        g_autofree char *address = first ? find_address(first, first + strlen(first)) : NULL;
        if (first && !address && !is_no_name(first))
            received->name = g_steal_pointer(&first);
        return;
    }
    received->name = name_in_comment(start, end);
    // Exim gives a name without "helo=" only when it looked it up and the client greeted with it.
    if (!received->name && first && *first != '[' && strstr(end, "(Exim ") && strchr(first, '.'))
        received->name = g_strdup(first);
    received->from = g_steal_pointer(&first);
}

// Indimail writes "by host mail.example.org".
static bool is_by_host(const char *by)
{
    g_autofree char *word = word_after(by, 2);
    g_autofree char *next =
        word && strcmp(word, "host") == 0 ? word_after(by, strlen("by host")) : NULL;
    return next && strchr(next, '.');
}

void received_parse(const char *value, struct received *received_r)
{
    *received_r = (struct received){0};
    const char *from = keyword(value, value, "from");
    bool begins_with_from = from && (gsize)(from - value) <= strspn(value, " \t");
    const char *by = keyword(value, begins_with_from ? from + 4 : value, "by");
    const char *semicolon = strrchr(value, ';');
    const char *end = value + strlen(value);
    if (begins_with_from)
        parse_from(from, by ? by : semicolon ? semicolon : end, received_r);
    if (by)
        received_r->by = word_after(by, is_by_host(by) ? strlen("by host") : 2);
    if (semicolon && semicolon[1])
        received_r->date = g_strstrip(g_strdup(semicolon + 1));
}

char *received_target(const char *value)
{
    const char *by = keyword(value, value, "by");
    const char *target = keyword(value, by ? by : value, "for");
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *word = target ? word_after(target, 3) : NULL;
    address_scan(word, 1, addresses);
    return addresses->len > 0 ? g_strdup(g_ptr_array_index(addresses, 0)) : NULL;
}

void received_clear(struct received *received)
{
    g_clear_pointer(&received->from, g_free);
    g_clear_pointer(&received->name, g_free);
    g_clear_pointer(&received->address, g_free);
    g_clear_pointer(&received->by, g_free);
    g_clear_pointer(&received->date, g_free);
}

char *received_queue_id(const char *value)
{
    guint depth = 0; // of comments
    for (const char *at = value; *at && *at != ';'; at++) {
        depth += *at == '(';
        depth -= *at == ')' && depth > 0;
        bool begins =
            depth == 0 && at > value && (at[-1] == ' ' || at[-1] == '\t' || at[-1] == ')');
        if (!begins || g_ascii_strncasecmp(at, "id ", 3) != 0)
            continue;
        at += 3 + strspn(at + 3, " \t<");
        gsize length = strspn(at, QUEUE_ID_CHARACTERS);
        return length > 0 && length <= NAME_MAX_BYTES ? g_strndup(at, length) : NULL;
    }
    return NULL;
}
