// SPDX-License-Identifier: MIT
#include "store/folder-name.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

// One level of a Maildir++ name shares a file name of 255 bytes with all the others.
#define FOLDER_NAME_MAX 200

// Base64 with "," for "/" and without padding, over UTF-16BE (RFC 3501 §5.1.3).
static void append_shifted(GString *out, const char *start, const char *end)
{
    g_autoptr(GByteArray) units = g_byte_array_new();
    for (const char *at = start; at < end; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        guint16 pair[2] = {(guint16)c, 0};
        if (c > 0xffff) {
            pair[0] = (guint16)(0xd800 + ((c - 0x10000) >> 10));
            pair[1] = (guint16)(0xdc00 + ((c - 0x10000) & 0x3ff));
        }
        for (int i = 0; i < (c > 0xffff ? 2 : 1); i++) {
            guint8 bytes[2] = {(guint8)(pair[i] >> 8), (guint8)pair[i]};
            g_byte_array_append(units, bytes, 2);
        }
    }
    g_autofree char *base64 = g_base64_encode(units->data, units->len);
    g_strdelimit(base64, "/", ',');
    base64[strcspn(base64, "=")] = '\0';
    g_string_append_printf(out, "&%s-", base64);
}

char *folder_encode(const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text) {
        if (*text == '&') {
            g_string_append(out, "&-");
            text++;
        } else if (*text >= 0x20 && *text < 0x7f) {
            g_string_append_c(out, *text++);
        } else {
            const char *start = text;
            while (*text && (*text < 0x20 || *text >= 0x7f))
                text = g_utf8_next_char(text);
            append_shifted(out, start, text);
        }
    }
    return g_string_free(out, FALSE);
}

// What stands between "&" and "-".
static bool append_unshifted(GString *out, const char *start, gsize length)
{
    // GLib wants the padding that IMAP leaves out.
    g_autofree char *base64 =
        g_strdup_printf("%.*s%.*s", (int)length, start, (int)((4 - length % 4) % 4), "===");
    g_strdelimit(base64, ",", '/');
    gsize size = 0;
    g_autofree guchar *units = g_base64_decode(base64, &size);
    g_autofree char *text = g_convert((const char *)units, (gssize)(size & ~(gsize)1), "UTF-8",
                                      "UTF-16BE", NULL, NULL, NULL);
    if (text)
        g_string_append(out, text);
    return text != NULL;
}

char *folder_decode(const char *name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *end; *name; name = end) {
        end = strchr(name, '-');
        if (*name == '&' && end && end == name + 1) {
            g_string_append_c(out, '&');
        } else if (*name == '&' &&
                   (!end || !append_unshifted(out, name + 1, (gsize)(end - name - 1)))) {
            return NULL;
        } else if (*name != '&') {
            g_string_append_c(out, *name);
            end = name;
        }
        end++;
    }
    return g_utf8_validate(out->str, -1, NULL) ? g_strdup(out->str) : NULL;
}

static bool level_is_sound(const char *level)
{
    if (*level == '\0')
        return false;
    for (const char *at = level; *at; at++) {
        if ((guchar)*at < 0x20 || *at == 0x7f)
            return false;
    }
    return true;
}

// INBOX: a leading INBOX is a level like the others.
static GPtrArray *levels_of(const char *name, bool inbox, const char *separators, GError **err)
{
    if (!g_utf8_validate(name, -1, NULL) || strlen(name) > FOLDER_NAME_MAX) {
        mda_fail(err, MDA_ERROR_CONFIG, "a folder name must be UTF-8 of at most %d bytes",
                 FOLDER_NAME_MAX);
        return NULL;
    }
    g_autoptr(GPtrArray) levels = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit_set(name, separators, -1);
    guint first = !inbox && parts[0] && g_ascii_strcasecmp(parts[0], "INBOX") == 0 ? 1 : 0;
    for (guint i = first; parts[i]; i++) {
        if (!level_is_sound(parts[i])) {
            mda_fail(err, MDA_ERROR_CONFIG, "\"%s\" is not a folder name", name);
            return NULL;
        }
        g_ptr_array_add(levels, i == 0 && inbox ? g_strdup("INBOX") : folder_encode(parts[i]));
    }
    return g_steal_pointer(&levels);
}

GPtrArray *folder_levels(const char *name, GError **err)
{
    return levels_of(name, false, "/.", err);
}

static char *find_levels(const char *path, const char *name, const char *separators,
                         GPtrArray *levels, folder_place *place)
{
    if (levels->len > 0 && g_ascii_strncasecmp(name, "INBOX", 5) == 0 && name[5] &&
        strchr(separators, name[5])) {
        g_autoptr(GPtrArray) below = levels_of(name, true, separators, NULL);
        g_autofree char *there = below ? place(path, below) : NULL;
        if (there && access(there, F_OK) == 0)
            return g_steal_pointer(&there);
    }
    return place(path, levels);
}

char *folder_find(const char *path, const char *name, folder_place *place, GError **err)
{
    g_autoptr(GPtrArray) levels = name && *name ? folder_levels(name, err) : g_ptr_array_new();
    return levels ? find_levels(path, name, "/.", levels, place) : NULL;
}

char *folder_find_by_slash(const char *path, const char *name, folder_place *place, GError **err)
{
    static const char *const taken[] = {"tmp", "new", "cur", NULL};
    g_autoptr(GPtrArray) levels =
        name && *name ? levels_of(name, false, "/", err) : g_ptr_array_new();
    for (guint i = 0; levels && i < levels->len; i++) {
        const char *level = g_ptr_array_index(levels, i);
        if (*level == '.' || g_strv_contains(taken, level)) {
            mda_fail(err, MDA_ERROR_CONFIG, "\"%s\" is not a folder name here", name);
            return NULL;
        }
    }
    return levels ? find_levels(path, name, "/", levels, place) : NULL;
}
