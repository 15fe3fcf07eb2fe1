// SPDX-License-Identifier: MIT
// HTML to text, roughly (part of mime.h): enough to find phrases and addresses in the HTML that
// mail systems write. One pass, no tree. Leaves out styles, tables' geometry and everything hidden.
#include "message/mime.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
} entities[] = {
    {"lt", "<"},          {"gt", ">"},          {"amp", "&"},         {"quot", "\""},
    {"apos", "'"},        {"nbsp", " "},        {"auml", "\u00e4"},   {"ouml", "\u00f6"},
    {"uuml", "\u00fc"},   {"Auml", "\u00c4"},   {"Ouml", "\u00d6"},   {"Uuml", "\u00dc"},
    {"szlig", "\u00df"},  {"eacute", "\u00e9"}, {"egrave", "\u00e8"}, {"agrave", "\u00e0"},
    {"ccedil", "\u00e7"}, {"ecirc", "\u00ea"},  {"aacute", "\u00e1"}, {"iacute", "\u00ed"},
    {"oacute", "\u00f3"}, {"uacute", "\u00fa"}, {"ntilde", "\u00f1"}, {"atilde", "\u00e3"},
    {"otilde", "\u00f5"}, {"rsquo", "'"},       {"lsquo", "'"},       {"ldquo", "\""},
    {"rdquo", "\""},      {"laquo", "\u00ab"},  {"raquo", "\u00bb"},  {"ndash", "-"},
    {"mdash", "-"},       {"hellip", "..."},    {"copy", "(c)"},
};

static const char *const line_ends[] = {"br",  "p",  "div", "tr",    "table",     "li",
                                        "ul",  "h1", "h2",  "h3",    "h4",        "hr",
                                        "pre", "td", "th",  "title", "blockquote"};

static bool tag_is(const char *tag, gsize length, const char *name)
{
    gsize size = strlen(name);
    if (length > 0 && *tag == '/') {
        tag++;
        length--;
    }
    return length >= size && g_ascii_strncasecmp(tag, name, size) == 0 &&
           (length == size || !g_ascii_isalnum(tag[size]));
}

static bool ends_line(const char *tag, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(line_ends); i++) {
        if (tag_is(tag, length, line_ends[i]))
            return true;
    }
    return false;
}

static const char *find_end_tag(const char *at, const char *end, const char *name)
{
    for (; (at = memchr(at, '<', (gsize)(end - at))); at++) {
        if (end - at > 2 && at[1] == '/' && tag_is(at + 1, (gsize)(end - at - 1), name))
            return at;
    }
    return end;
}

// The entity at `at` ("&…;"); returns behind it.
static const char *append_entity(GString *out, const char *at, const char *end)
{
    const char *stop = memchr(at, ';', (gsize)MIN(end - at, 12));
    if (!stop) {
        g_string_append_c(out, '&');
        return at + 1;
    }
    if (at[1] == '#') {
        bool hex = at[2] == 'x' || at[2] == 'X';
        guint64 code = g_ascii_strtoull(at + (hex ? 3 : 2), NULL, hex ? 16 : 10);
        if (code >= 32 && code < 0x110000 && g_unichar_validate((gunichar)code))
            g_string_append_unichar(out, (gunichar)code);
        return stop + 1;
    }
    gsize length = (gsize)(stop - at - 1);
    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (strlen(entities[i].name) == length && memcmp(at + 1, entities[i].name, length) == 0) {
            g_string_append(out, entities[i].text);
            return stop + 1;
        }
    }
    g_string_append_c(out, '&');
    return at + 1;
}

// The tag or comment at `at`; returns behind it.
static const char *skip_tag(GString *out, const char *at, const char *end, bool *pre)
{
    if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
        const char *stop = g_strstr_len(at + 4, end - at - 4, "-->");
        return stop ? stop + 3 : end;
    }
    const char *stop = memchr(at, '>', (gsize)(end - at));
    if (!stop)
        return end;
    const char *tag = at + 1;
    gsize length = (gsize)(stop - tag);
    if (tag_is(tag, length, "pre"))
        *pre = *tag != '/';
    if (ends_line(tag, length) && out->len > 0 && out->str[out->len - 1] != '\n')
        g_string_append_c(out, '\n');
    else if (tag_is(tag, length, "br"))
        g_string_append_c(out, '\n');
    if (*tag != '/' && tag_is(tag, length, "script"))
        return find_end_tag(stop + 1, end, "script");
    if (*tag != '/' && tag_is(tag, length, "style"))
        return find_end_tag(stop + 1, end, "style");
    return stop + 1;
}

static bool starts_tag(const char *at, const char *end)
{
    return end - at > 1 && (g_ascii_isalpha(at[1]) || at[1] == '/' || at[1] == '!');
}

char *mime_html_to_text(const char *html, gsize length, gsize *length_r)
{
    GString *out = g_string_sized_new(length / 2 + 16);
    const char *at = html, *end = html + length;
    bool pre = false;
    while (at < end) {
        if (*at == '<' && starts_tag(at, end)) {
            at = skip_tag(out, at, end, &pre);
        } else if (*at == '&') {
            at = append_entity(out, at, end);
        } else if (!pre && g_ascii_isspace(*at)) {
            char last = out->len > 0 ? out->str[out->len - 1] : '\n';
            if (last != '\n' && last != ' ')
                g_string_append_c(out, ' ');
            at++;
        } else {
            g_string_append_c(out, *at++);
        }
    }
    if (length_r)
        *length_r = out->len;
    return g_string_free(out, FALSE);
}
