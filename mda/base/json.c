// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <string.h>

struct json *json_new(void)
{
    struct json *json = g_new0(struct json, 1);
    json->out = g_string_sized_new(1024);
    json->first = true;
    return json;
}

char *json_free_to_text(struct json *json)
{
    char *text = g_string_free(json->out, FALSE);
    g_free(json);
    return text;
}

void json_clear(struct json *json)
{
    g_string_truncate(json->out, 0);
    json->first = true;
}

// Nearly all pieces are a few bytes and there is room for them: not worth a call of GLib each.
static void put(GString *out, const char *text, gsize length)
{
    if (out->len + length >= out->allocated_len) {
        g_string_append_len(out, text, (gssize)length);
        return;
    }
    memcpy(out->str + out->len, text, length);
    out->len += length;
    out->str[out->len] = '\0';
}

// How many bytes at TEXT are ASCII that stands for itself: nearly all that there is.
static gsize plain_run(const char *text)
{
    const char *at = text;
    while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return (gsize)(at - text);
}

static void append_escaped(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *at = text; *at;) {
        gsize plain = plain_run(at);
        if (plain > 0) {
            put(out, at, plain);
            at += plain;
            continue;
        }
        gunichar c = g_utf8_get_char_validated(at, -1);
        if ((gint32)c < 0) {
            g_string_append(out, "\xef\xbf\xbd");
            at++;
            continue;
        }
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c == '\t')
            g_string_append(out, "\\t");
        else if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_unichar(out, c);
        at = g_utf8_next_char(at);
    }
    g_string_append_c(out, '"');
}

static void begin_value(struct json *json, const char *key)
{
    if (!json->first)
        g_string_append_c(json->out, ',');
    json->first = false;
    if (key) {
        g_string_append_c(json->out, '"');
        put(json->out, key, strlen(key));
        g_string_append_c(json->out, '"');
        g_string_append_c(json->out, ':');
    }
}

static void open_bracket(struct json *json, const char *key, char bracket)
{
    begin_value(json, key);
    g_string_append_c(json->out, bracket);
    json->first = true;
}

static void close_bracket(struct json *json, char bracket)
{
    g_string_append_c(json->out, bracket);
    json->first = false;
}

void json_begin_object(struct json *json, const char *key)
{
    open_bracket(json, key, '{');
}

void json_end_object(struct json *json)
{
    close_bracket(json, '}');
}

void json_begin_array(struct json *json, const char *key)
{
    open_bracket(json, key, '[');
}

void json_end_array(struct json *json)
{
    close_bracket(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin_value(json, key);
    if (value)
        append_escaped(json->out, value);
    else
        put(json->out, "null", 4);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    put(json->out, value ? "true" : "false", value ? 4 : 5);
}

void json_number(struct json *json, const char *key, gint64 value)
{
    begin_value(json, key);
    g_string_append_printf(json->out, "%" G_GINT64_FORMAT, value);
}
