// SPDX-License-Identifier: MIT
#include "hosts/dovecot-lines.h"

#include <stdbool.h>
#include <string.h>

#define MAX_DEPTH 32

static void line_free(gpointer data)
{
    struct dovecot_line *line = data;
    g_strfreev(line->path);
    g_free(line->key);
    g_free(line->value);
    g_free(line);
}

// TEXT without the quotes around it, a backslash in them taking the next character literally.
static char *unquoted(const char *text)
{
    gsize length = strlen(text);
    if (length < 2 || text[0] != '"' || text[length - 1] != '"')
        return g_strdup(text);
    GString *out = g_string_new(NULL);
    for (const char *at = text + 1; at < text + length - 1; at++) {
        at += *at == '\\' && at + 1 < text + length - 1 && strchr("\"\\'", at[1]);
        g_string_append_c(out, *at);
    }
    return g_string_free(out, FALSE);
}

// "mailbox "Sent Messages"": the name, a blank, the key without its quotes.
static char *head_of(char *text)
{
    char *blank = strchr(text, ' ');
    if (!blank)
        return g_strdup(text);
    g_autofree char *key = unquoted(g_strstrip(blank + 1));
    return g_strdup_printf("%.*s %s", (int)(blank - text), text, key);
}

struct dovecot_reading {
    GPtrArray *lines;
    GPtrArray *heads; // char *
    guint blocks[MAX_DEPTH + 1];
    guint last_block;
};

static void open_block(struct dovecot_reading *reading, char *text)
{
    text[strlen(text) - 1] = '\0';
    g_ptr_array_add(reading->heads, head_of(g_strstrip(text)));
    if (reading->heads->len <= MAX_DEPTH)
        reading->blocks[reading->heads->len] = ++reading->last_block;
}

static void take_setting(struct dovecot_reading *reading, char *text, guint number)
{
    char *equals = strchr(text, '=');
    if (!equals || reading->heads->len > MAX_DEPTH)
        return;
    *equals = '\0';
    struct dovecot_line *line = g_new0(struct dovecot_line, 1);
    line->number = number;
    line->depth = reading->heads->len;
    line->path = g_new0(char *, line->depth + 1);
    for (guint i = 0; i < line->depth; i++)
        line->path[i] = g_strdup(g_ptr_array_index(reading->heads, i));
    line->key = g_strdup(g_strstrip(text));
    line->value = unquoted(g_strstrip(equals + 1));
    line->all = reading->lines;
    line->block = reading->blocks[line->depth];
    g_ptr_array_add(reading->lines, line);
}

GPtrArray *dovecot_lines_read(const char *text)
{
    g_autoptr(GPtrArray) heads = g_ptr_array_new_with_free_func(g_free);
    struct dovecot_reading reading = {.lines = g_ptr_array_new_with_free_func(line_free),
                                      .heads = heads};
    g_auto(GStrv) rows = g_strsplit(text, "\n", -1);
    for (guint i = 0; rows[i]; i++) {
        char *row = g_strstrip(rows[i]);
        if (*row == '#' || *row == '\0')
            continue;
        if (strcmp(row, "}") == 0) {
            if (heads->len > 0)
                g_ptr_array_set_size(heads, (gint)heads->len - 1);
        } else if (g_str_has_suffix(row, "{") && !strchr(row, '=')) {
            open_block(&reading, row);
        } else {
            take_setting(&reading, row, i + 1);
        }
    }
    return reading.lines;
}

const char *dovecot_sibling(const struct dovecot_line *line, const char *key)
{
    for (guint i = 0; i < line->all->len; i++) {
        const struct dovecot_line *other = g_ptr_array_index(line->all, i);
        if (other->block == line->block && strcmp(other->key, key) == 0)
            return other->value;
    }
    return NULL;
}
