// SPDX-License-Identifier: MIT
#include "evidence/providers.h"

#include "base/address.h"
#include "base/auto.h"
#include "base/files.h"
#include "base/text.h"

#include <string.h>

// A file that is longer is none of ours.
#define FILE_MAX_BYTES (1024 * 1024)
#define SHOWN_BYTES 60

// Made from rules/providers by rules/embed.awk.
extern const char builtin_providers[];

struct providers {
    GHashTable *by_domain; // char * domain -> char * name; both owned
    GHashTable *by_glob;   // the same for what holds a *
};

static bool is_domain(const char *word)
{
    const gsize length = strlen(word);
    return strchr(word, '.') && word[0] != '.' && word[length - 1] != '.' && length <= 253 &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789.-*") == length;
}

static bool add_domain(struct providers *providers, const char *name, const char *word)
{
    g_autofree char *domain = domain_to_ascii(word);
    if (!is_domain(domain))
        return false;
    GHashTable *table = strchr(domain, '*') ? providers->by_glob : providers->by_domain;
    g_hash_table_replace(table, g_steal_pointer(&domain), g_strdup(name));
    return true;
}

// "Name: domain domain ...". NULL when it is well, else what is wrong with it.
static const char *add_line(struct providers *providers, char *line)
{
    line[strcspn(line, "#\r")] = '\0';
    g_strstrip(line);
    if (!*line)
        return NULL;
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return "a line is \"Name: domain domain ...\"";
    *colon = '\0';
    g_autofree char *name = g_utf8_casefold(g_strchomp(line), -1);
    g_auto(GStrv) words = g_strsplit_set(colon + 1, " \t,", -1);
    guint count = 0;
    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        if (!add_domain(providers, name, *word))
            return "one of its words is no domain";
        count++;
    }
    return count > 0 ? NULL : "it names no domain";
}

static void add_text(struct providers *providers, const char *file, const char *text,
                     GPtrArray *warnings)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *wrong =
            g_utf8_validate(lines[i], -1, NULL) ? add_line(providers, lines[i]) : "it is not UTF-8";
        if (wrong && warnings)
            g_ptr_array_add(warnings, g_strdup_printf("%s:%u: %s", file, i + 1, wrong));
    }
}

static void add_file(struct providers *providers, const char *path, GPtrArray *warnings)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    if (!files_read(path, FILE_MAX_BYTES, &text, NULL, &err)) {
        if (warnings)
            g_ptr_array_add(warnings, g_strdup(err->message));
    } else {
        add_text(providers, path, text, warnings);
    }
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_directory(struct providers *providers, const char *directory, GPtrArray *warnings)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(DIR) dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, ".providers"))
            g_ptr_array_add(files, g_build_filename(directory, entry->d_name, NULL));
    }
    g_ptr_array_sort(files, by_text);
    for (guint i = 0; i < files->len; i++)
        add_file(providers, g_ptr_array_index(files, i), warnings);
}

struct providers *providers_load(const struct conf *conf, GPtrArray *warnings)
{
    struct providers *providers = g_new0(struct providers, 1);
    providers->by_domain = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    providers->by_glob = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    add_text(providers, "rules/providers", builtin_providers, warnings);
    for (const char *const *directory = conf_list(conf, CONF_RULES_DIRECTORIES); *directory;
         directory++)
        add_directory(providers, *directory, warnings);
    return providers;
}

void providers_free(struct providers *providers)
{
    if (!providers)
        return;
    g_hash_table_unref(providers->by_domain);
    g_hash_table_unref(providers->by_glob);
    g_free(providers);
}

const char *providers_of(const struct providers *providers, const char *name)
{
    g_autofree char *ascii = domain_to_ascii(name);
    for (const char *at = ascii; at && strchr(at, '.'); at = strchr(at, '.') + 1) {
        const char *provider = g_hash_table_lookup(providers->by_domain, at);
        if (provider)
            return provider;
    }
    GHashTableIter iter;
    gpointer pattern, provider;
    g_hash_table_iter_init(&iter, providers->by_glob);
    while (ascii && g_hash_table_iter_next(&iter, &pattern, &provider)) {
        if (text_glob(pattern, ascii))
            return provider;
    }
    return NULL;
}

bool providers_related(const struct providers *providers, const char *a, const char *b)
{
    if (domain_related(a, b))
        return true;
    const char *one = providers_of(providers, a);
    return one && g_strcmp0(one, providers_of(providers, b)) == 0;
}
