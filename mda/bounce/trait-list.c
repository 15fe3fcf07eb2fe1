// SPDX-License-Identifier: MIT
#include "bounce/trait-list.h"

#include "base/error.h"
#include "base/files.h"

#include <string.h>

#define TRAIT_FILE_MAX_BYTES (1024 * 1024)
#define WORDS_MAX 4000 // of one list
#define BUCKETS 1024

// A list as it is looked through: entered under the words' first two bytes at first use, so that
// one pass over a text finds any of them.
struct list {
    GPtrArray *all;         // const char *: built-in and added words; NULL: the built-in ones alone
    guint16 *next;          // index + 1 of the next word in the same bucket; NULL: not entered
    guint16 first[BUCKETS]; // index + 1 of a word; 0: none
};

static struct list lists[TRAIT_LISTS];

static const char *const keys[TRAIT_LISTS] = {
    "writer",         "header",          "type",           "subject", "machine-header",
    "machine-writer", "machine-program", "person-program",
};

struct trait_words trait_list_words(enum trait_list which)
{
    const GPtrArray *all = lists[which].all;
    if (!all)
        return builtin_traits[which];
    return (struct trait_words){(const char *const *)all->pdata, all->len};
}

static guint pair_of(const char *at)
{
    return ((guchar)at[0] * 31u + (guchar)at[1]) % BUCKETS;
}

static void enter(struct list *list, struct trait_words words)
{
    list->next = g_new0(guint16, words.count + 1);
    memset(list->first, 0, sizeof list->first);
    for (guint i = 0; i < words.count; i++) {
        const char *word = words.words[i] + (*words.words[i] == '^');
        guint16 *bucket = &list->first[pair_of(word)];
        list->next[i] = *bucket;
        *bucket = (guint16)(i + 1);
    }
}

static bool begins_with(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return *word == '\0';
}

bool trait_list_any(enum trait_list which, const char *text)
{
    struct list *list = &lists[which];
    struct trait_words words = trait_list_words(which);
    if (!list->next)
        enter(list, words);
    for (const char *at = text; at[0] && at[1]; at++) {
        for (guint n = list->first[pair_of(at)]; n > 0; n = list->next[n - 1]) {
            const char *word = words.words[n - 1];
            bool at_start = *word == '^';
            if ((!at_start || at == text) && begins_with(at, word + at_start))
                return true;
        }
    }
    return false;
}

bool trait_file_is(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, TRAIT_FILE_NAME) == 0;
}

struct trait_file {
    GPtrArray *added[TRAIT_LISTS]; // char *, owned
    const char *path;
    guint line;
};

static bool list_called(const char *key, enum trait_list *which_r)
{
    for (guint i = 0; i < TRAIT_LISTS; i++) {
        if (strcmp(key, keys[i]) == 0) {
            *which_r = (enum trait_list)i;
            return true;
        }
    }
    return false;
}

static bool add_words(struct trait_file *file, enum trait_list which, const char *value,
                      GError **err)
{
    bool names = which == TRAIT_LIST_HEADER || which == TRAIT_LIST_MACHINE_HEADER;
    g_auto(GStrv) words = g_strsplit(value, " | ", -1);
    for (char **at = words; *at; at++) {
        g_autofree char *lower = names ? g_strdup(*at) : g_utf8_strdown(*at, -1);
        g_strstrip(lower);
        if (strlen(lower + (*lower == '^')) < 2)
            return mda_fail(err, MDA_ERROR_SYNTAX,
                            "%s:%u: \"%s\" is too short; give words of two letters and more",
                            file->path, file->line, lower);
        g_ptr_array_add(file->added[which], g_steal_pointer(&lower));
    }
    return true;
}

static bool read_line(struct trait_file *file, char *line, GError **err)
{
    g_strstrip(line);
    if (*line == '\0' || *line == '#' || *line == '[')
        return true;
    char *equals = strchr(line, '=');
    if (!equals || !g_utf8_validate(line, -1, NULL))
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "%s:%u: \"%s\" is neither [group] nor key = value (in UTF-8) nor # comment",
                        file->path, file->line, equals ? "the line" : line);
    *equals = '\0';
    line[strcspn(line, "[")] = '\0'; // subject[de] is subject
    g_strchomp(line);
    enum trait_list which;
    if (strcmp(line, "comment") == 0)
        return true;
    if (!list_called(line, &which))
        return mda_fail(err, MDA_ERROR_SYNTAX,
                        "%s:%u: unknown key \"%s\"; there are writer, header, type, subject, "
                        "machine-header, machine-writer, machine-program and person-program",
                        file->path, file->line, line);
    return add_words(file, which, equals + 1, err);
}

static bool read_lines(struct trait_file *file, char *text, GError **err)
{
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        file->line++;
        if (!read_line(file, line, err))
            return false;
    }
    return true;
}

// Puts ADDED, whose strings stay for the life of the process, behind the list's words.
static void extend(struct list *list, enum trait_list which, GPtrArray *added)
{
    if (!list->all) {
        list->all = g_ptr_array_new();
        for (guint i = 0; i < builtin_traits[which].count; i++)
            g_ptr_array_add(list->all, (gpointer)builtin_traits[which].words[i]);
    }
    for (guint i = 0; i < added->len && list->all->len < WORDS_MAX; i++)
        g_ptr_array_add(list->all, g_strdup(g_ptr_array_index(added, i)));
    g_clear_pointer(&list->next, g_free);
}

bool trait_file_read(const char *path, bool apply, GError **err)
{
    g_autofree char *text = NULL;
    if (!files_read(path, TRAIT_FILE_MAX_BYTES, &text, NULL, err))
        return false;
    struct trait_file file = {.path = path};
    for (guint i = 0; i < TRAIT_LISTS; i++)
        file.added[i] = g_ptr_array_new_with_free_func(g_free);
    bool sound = read_lines(&file, text, err);
    for (guint i = 0; i < TRAIT_LISTS; i++) {
        if (sound && apply && file.added[i]->len > 0)
            extend(&lists[i], (enum trait_list)i, file.added[i]);
        g_ptr_array_unref(file.added[i]);
    }
    return sound;
}
