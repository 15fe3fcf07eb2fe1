// SPDX-License-Identifier: MIT
// Rule files: the syntax of GLib's key files, read line by line, because every error has to name
// its line and a process that starts for one message has to be quick about it. A file is taken
// whole or not at all.
#include "bounce/rule.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define RULE_FILE_MAX_BYTES (4 * 1024 * 1024)

struct file_reader {
    GStringChunk *strings; // those of the rules: where the text and the name of the file are
    const char *file;
    int order;
    bool patterns;
    guint line;
    struct rule *rule; // the group that is being read
    GPtrArray *rules;  // the file's rules so far
};

static char *skip_blanks(char *at)
{
    while (g_ascii_isspace(*at))
        at++;
    return at;
}

static bool close_group(struct file_reader *reader, GError **err)
{
    struct rule *rule = reader->rule;
    if (!rule)
        return true;
    reader->rule = NULL;
    g_ptr_array_add(reader->rules, rule);
    if (rule->order < 0)
        rule->order = reader->order;
    guint line = 0;
    if (rule_check(rule, reader->patterns, &line, err))
        return true;
    g_prefix_error(err, "%s:%u: ", reader->file, line);
    return false;
}

static bool open_group(struct file_reader *reader, char *line, GError **err)
{
    char *close = strchr(line, ']');
    if (!close || close[1] != '\0' || close == line + 1)
        return mda_fail(err, MDA_ERROR_SYNTAX, "%s:%u: \"%s\" is not a group; write [name]",
                        reader->file, reader->line, line);
    *close = '\0';
    if (!close_group(reader, err))
        return false;
    reader->rule = rule_new(reader->strings, line + 1, reader->file, reader->line);
    reader->rule->is_folded = !reader->patterns;
    return true;
}

static bool read_pair(struct file_reader *reader, char *line, GError **err)
{
    char *equals = strchr(line, '=');
    if (!equals)
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "%s:%u: \"%s\" is neither [group] nor key = value nor # comment",
                        reader->file, reader->line, line);
    if (!reader->rule)
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "%s:%u: a key before the first group; begin with [name]", reader->file,
                        reader->line);
    *equals = '\0';
    if (rule_set(reader->rule, reader->line, g_strchomp(line), skip_blanks(equals + 1), err))
        return true;
    g_prefix_error(err, "%s:%u: ", reader->file, reader->line);
    return false;
}

static bool read_line(struct file_reader *reader, char *line, GError **err)
{
    line = g_strchomp(skip_blanks(line));
    if (*line == '\0' || *line == '#')
        return true;
    // The built-in files were looked at when they were built.
    if (reader->patterns && !text_is_ascii(line, strlen(line)) && !g_utf8_validate(line, -1, NULL))
        return mda_fail(err, MDA_ERROR_SYNTAX, "%s:%u: the line is not UTF-8; convert the file",
                        reader->file, reader->line);
    return *line == '[' ? open_group(reader, line, err) : read_pair(reader, line, err);
}

static void adopt(struct bounce_rules *rules, struct rule *rule)
{
    struct rule *former = g_hash_table_lookup(rules->by_name, rule->name);
    guint index = 0;
    if (former && g_ptr_array_find(rules->rules, former, &index)) {
        g_hash_table_remove(rules->by_name, rule->name);
        g_ptr_array_remove_index(rules->rules, index);
    }
    g_ptr_array_add(rules->rules, rule);
    g_hash_table_insert(rules->by_name, rule->name, rule);
}

static bool read_lines(struct file_reader *reader, char *text, GError **err)
{
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        reader->line++;
        if (!read_line(reader, line, err))
            return false;
    }
    return close_group(reader, err);
}

bool rule_file_parse(struct bounce_rules *rules, const char *file, const char *text, int order,
                     bool patterns, GError **err)
{
    struct file_reader reader = {.strings = rules->strings,
                                 .file = g_string_chunk_insert(rules->strings, file),
                                 .order = order,
                                 .patterns = patterns,
                                 .rules = g_ptr_array_new()};
    bool sound = strlen(text) <= RULE_FILE_MAX_BYTES;
    if (!sound)
        mda_fail(err, MDA_ERROR_LIMIT, "%s:1: the file is larger than %d bytes", file,
                 RULE_FILE_MAX_BYTES);
    else
        sound = read_lines(&reader, g_string_chunk_insert(rules->strings, text), err);
    g_clear_pointer(&reader.rule, rule_free);
    for (guint i = 0; i < reader.rules->len; i++) {
        struct rule *rule = g_ptr_array_index(reader.rules, i);
        if (sound)
            adopt(rules, rule);
        else
            rule_free(rule);
    }
    g_ptr_array_unref(reader.rules);
    return sound;
}
