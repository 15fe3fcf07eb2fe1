// SPDX-License-Identifier: MIT
#include "lmtp/reply.h"

#include <string.h>

// RFC 5321 §4.5.3.1.5: 512 bytes with the code and CRLF.
#define LINE_TEXT_BYTES 480

// LENGTH bytes of TEXT as they may stand in a reply. Owned by the caller.
static char *printable(const char *text, gsize length, bool utf8)
{
    char *line = utf8 ? g_utf8_make_valid(text, (gssize)length) : g_strndup(text, length);
    for (char *at = line; *at; at++) {
        if ((guchar)*at < ' ' || *at == 0x7f)
            *at = ' ';
        else if ((guchar)*at >= 0x80 && !utf8)
            *at = '?';
    }
    return line;
}

// How much of LINE goes into one line: up to a blank where there is one, never half a character.
static gsize fold_at(const char *line)
{
    gsize length = strlen(line);
    if (length <= LINE_TEXT_BYTES)
        return length;
    for (gsize at = LINE_TEXT_BYTES; at > LINE_TEXT_BYTES / 2; at--) {
        if (line[at] == ' ')
            return at;
    }
    gsize at = LINE_TEXT_BYTES;
    while (at > 1 && ((guchar)line[at] & 0xc0) == 0x80)
        at--;
    return at;
}

// TEXT in pieces that fit into lines: char *.
static GPtrArray *split(const char *text, bool utf8)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) given = g_strsplit(text, "\n", LMTP_REPLY_LINES + 1);
    for (guint i = 0; given[i] && i < LMTP_REPLY_LINES; i++) {
        gsize length = strlen(given[i]);
        if (length > 0 && given[i][length - 1] == '\r')
            length--;
        g_autofree char *line = printable(given[i], length, utf8);
        const char *at = line;
        do {
            gsize piece = fold_at(at);
            g_ptr_array_add(lines, g_strndup(at, piece));
            at += piece;
            if (*at == ' ')
                at++;
        } while (*at && lines->len < LMTP_REPLY_LINES);
    }
    // The line end at the end of a text is no line of its own.
    while (lines->len > 1 && *(char *)g_ptr_array_index(lines, lines->len - 1) == '\0')
        g_ptr_array_set_size(lines, (gint)lines->len - 1);
    return lines;
}

void lmtp_reply(GString *out, int code, const char *status, const char *text, bool utf8)
{
    g_autoptr(GPtrArray) lines = split(*text ? text : " ", utf8);
    guint count = MIN(lines->len, LMTP_REPLY_LINES);
    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "%d%c%s%s%s\r\n", code, i + 1 < count ? '-' : ' ',
                               status ? status : "", status ? " " : "",
                               (const char *)g_ptr_array_index(lines, i));
}
