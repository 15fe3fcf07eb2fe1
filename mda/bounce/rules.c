// SPDX-License-Identifier: MIT
// All rules: the built-in ones and those of the directories, in the order in which they are tried.
#include "bounce/rule.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "bounce/trait-list.h"

#include <string.h>

#define ORDER_OF_ADDED 5 // rules of the site come before all but the exceptions of ours
#define ORDER_WITHOUT 50

// "20-makers.rules": 20.
static int order_of(const char *file)
{
    return g_ascii_isdigit(*file) ? atoi(file) : ORDER_WITHOUT;
}

static gint by_order(gconstpointer a, gconstpointer b)
{
    const struct rule *one = *(const struct rule *const *)a;
    const struct rule *other = *(const struct rule *const *)b;
    if (one->order != other->order)
        return one->order < other->order ? -1 : 1;
    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

void rules_finish(struct bounce_rules *rules)
{
    for (guint i = 0; i < rules->rules->len; i++)
        ((struct rule *)g_ptr_array_index(rules->rules, i))->sequence = i;
    g_ptr_array_sort(rules->rules, by_order);
    rules->phrases = phrases_new();
    for (guint i = 0; i < rules->rules->len; i++)
        rule_enter_phrases(g_ptr_array_index(rules->rules, i), rules->phrases);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *rule_files(const char *directory)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DIR) dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, ".rules"))
            g_ptr_array_add(files, g_build_filename(directory, entry->d_name, NULL));
    }
    g_ptr_array_sort(files, by_text);
    return files;
}

static void load_file(struct bounce_rules *rules, const char *path, GPtrArray *warnings)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = NULL;
    if (trait_file_is(path) ? trait_file_read(path, false, &err)
                            : files_read(path, FILES_TEXT_MAX, &text, NULL, &err) &&
                                  rule_file_parse(rules, path, text, ORDER_OF_ADDED, true, &err))
        return;
    if (warnings)
        g_ptr_array_add(warnings, g_strdup(err->message));
}

static void load_builtin(struct bounce_rules *rules, GPtrArray *warnings)
{
    for (const struct builtin_rules *at = builtin_rules; at->file; at++) {
        g_autoptr(GError) err = NULL;
        if (!rule_file_parse(rules, at->file, at->text, order_of(at->file), false, &err) &&
            warnings)
            g_ptr_array_add(warnings, g_strdup(err->message));
    }
}

struct bounce_rules *bounce_rules_new(void)
{
    struct bounce_rules *rules = g_new0(struct bounce_rules, 1);
    rules->rules = g_ptr_array_new_with_free_func(rule_free);
    rules->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    rules->strings = g_string_chunk_new(4096);
    return rules;
}

bool bounce_rules_test(const char *path, guint *count_r, GError **err)
{
    g_autoptr(BounceRules) rules = bounce_rules_new();
    g_autofree char *text = NULL;
    *count_r = 0;
    if (trait_file_is(path))
        return trait_file_read(path, false, err);
    if (!files_read_argument(path, FILES_TEXT_MAX, &text, NULL, err) ||
        !rule_file_parse(rules, path, text, ORDER_OF_ADDED, true, err))
        return false;
    *count_r = rules->rules->len;
    return true;
}

struct bounce_rules *bounce_rules_load(const char *const *directories, GPtrArray *warnings)
{
    struct bounce_rules *rules = bounce_rules_new();
    load_builtin(rules, warnings);
    for (; directories && *directories; directories++) {
        g_autoptr(GPtrArray) files = rule_files(*directories);
        for (guint i = 0; i < files->len; i++)
            load_file(rules, g_ptr_array_index(files, i), warnings);
    }
    rules_finish(rules);
    return rules;
}

void bounce_rules_free(struct bounce_rules *rules)
{
    if (!rules)
        return;
    g_hash_table_unref(rules->by_name);
    g_ptr_array_unref(rules->rules);
    g_clear_pointer(&rules->phrases, phrases_free);
    g_string_chunk_free(rules->strings);
    g_free(rules);
}
