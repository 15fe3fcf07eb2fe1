// SPDX-License-Identifier: MIT
#include "lmtp/syntax.h"

#include <string.h>

// RFC 5321 §4.5.3.1.3 says 256 for a path; SMTPUTF8 addresses and old habits are longer.
#define ADDRESS_MAX_BYTES 512

// Moves *AT behind the quoted string that begins there. False when it does not end.
static bool skip_quoted(const char **at)
{
    const char *c = *at + 1;
    while (*c && *c != '"') {
        if (*c == '\\' && c[1])
            c++;
        c++;
    }
    if (*c != '"')
        return false;
    *at = c + 1;
    return true;
}

// The end of the path that begins behind its '<': where its '>' is. NULL when there is none.
static const char *path_end(const char *at)
{
    while (*at && *at != '>') {
        if (*at == '"') {
            if (!skip_quoted(&at))
                return NULL;
        } else {
            at++;
        }
    }
    return *at == '>' ? at : NULL;
}

// Where the domain's '@' is, outside quotes; NULL: there is none.
static const char *find_at_sign(const char *address)
{
    const char *found = NULL;
    for (const char *at = address; *at;) {
        if (*at == '"' && skip_quoted(&at))
            continue;
        if (*at == '@')
            found = at;
        at++;
    }
    return found;
}

static bool is_sound(const char *address)
{
    const char *at_sign = find_at_sign(address);
    if (at_sign && (at_sign == address || !at_sign[1] || strchr(at_sign, ' ')))
        return false;
    bool quoted = false;
    for (const char *at = address; *at; at++) {
        if ((guchar)*at < ' ' || *at == 0x7f || (!quoted && (*at == ' ' || *at == '<')))
            return false;
        if (quoted && *at == '\\' && (guchar)at[1] >= ' ')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return !quoted && strlen(address) <= ADDRESS_MAX_BYTES && g_utf8_validate(address, -1, NULL);
}

bool lmtp_parse_path(const char **at, char **address_r)
{
    if (**at != '<')
        return false;
    const char *begin = *at + 1;
    const char *end = path_end(begin);
    if (!end)
        return false;
    const char *colon = *begin == '@' ? memchr(begin, ':', (gsize)(end - begin)) : NULL;
    if (colon)
        begin = colon + 1;
    g_autofree char *address = g_strndup(begin, (gsize)(end - begin));
    if (!is_sound(address))
        return false;
    *at = end + 1;
    *address_r = g_steal_pointer(&address);
    return true;
}

static char *unquote(const char *text, gsize length)
{
    GString *out = g_string_sized_new(length);
    bool quoted = false;
    for (gsize i = 0; i < length; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\' && i + 1 < length)
            g_string_append_c(out, text[++i]);
        else
            g_string_append_c(out, text[i]);
    }
    return g_string_free(out, FALSE);
}

void lmtp_split_address(const char *address, char **local_r, char **domain_r)
{
    const char *at_sign = find_at_sign(address);
    gsize length = at_sign ? (gsize)(at_sign - address) : strlen(address);
    *local_r = unquote(address, length);
    *domain_r = g_ascii_strdown(at_sign ? at_sign + 1 : "", -1);
    gsize domain_length = strlen(*domain_r);
    if (domain_length > 1 && (*domain_r)[domain_length - 1] == '.')
        (*domain_r)[domain_length - 1] = '\0';
}

char *lmtp_decode_xtext(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *at = text; *at; at++) {
        int value = (guchar)*at;
        if (*at == '+') {
            int high = g_ascii_xdigit_value(at[1]);
            int low = high < 0 ? -1 : g_ascii_xdigit_value(at[2]);
            if (low < 0)
                return NULL;
            value = high * 16 + low;
            at += 2;
        } else if (*at == '=') {
            return NULL;
        }
        if (value < ' ' || value == 0x7f)
            return NULL;
        g_string_append_c(out, (char)value);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
