// SPDX-License-Identifier: MIT
#include "hosts/sieve-settings.h"

#include "conf/load.h"
#include "sieve/settings.h"

#include <string.h>

static bool is_users(const char *origin, const char *home)
{
    g_autofree char *file = home && *home ? conf_user_file(home) : NULL;
    return file && g_str_has_prefix(origin, file) && origin[strlen(file)] == ':';
}

static bool says_who_may(const char *name)
{
    g_autofree char *canonical = sieve_setting_canonical(name, NULL);
    return canonical &&
           (strcmp(canonical, "extensions") == 0 || strcmp(canonical, "global_extensions") == 0);
}

struct load {
    GHashTable *table;
    GPtrArray *wrong;
    const char *home;
    bool site_said; // who may use what
};

static void complain(struct load *load, const char *origin, const char *why)
{
    g_ptr_array_add(load->wrong, g_strdup_printf("%s: [sieve] settings: %s", origin, why));
}

static void take(struct load *load, const char *name, const char *value, const char *origin)
{
    g_autoptr(GError) err = NULL;
    bool users = is_users(origin, load->home), reserved = says_who_may(name);
    if (users && reserved && load->site_said) {
        complain(load, origin, "the site has said which extensions there are");
        return;
    }
    if (!sieve_settings_put(load->table, name, value, &err))
        complain(load, origin, err->message);
    else if (reserved && !users)
        load->site_said = true;
}

static void take_list(struct load *load, const struct conf_entry *entry)
{
    g_autoptr(GPtrArray) pairs = NULL;
    g_autoptr(GError) err = NULL;
    if (!sieve_settings_split(entry->value, &pairs, &err)) {
        complain(load, entry->origin, err->message);
        return;
    }
    for (guint i = 0; i < pairs->len; i++) {
        char *pair = g_ptr_array_index(pairs, i), *equals = strchr(pair, '=');
        *equals = '\0';
        take(load, pair, equals + 1, entry->origin);
    }
}

GPtrArray *sieve_settings_load(const struct conf *conf, const char *home, GHashTable *table)
{
    struct load load = {
        .table = table, .wrong = g_ptr_array_new_with_free_func(g_free), .home = home};
    guint count = 0;
    const struct conf_entry *entries = conf_sieve_settings(conf, &count);
    for (guint i = 0; i < count; i++) {
        if (entries[i].name)
            take(&load, entries[i].name, entries[i].value, entries[i].origin);
        else
            take_list(&load, &entries[i]);
    }
    return load.wrong;
}

static bool is_at_or_in(const char *place, const char *path)
{
    if (!*place)
        return false;
    g_autofree char *wanted = g_canonicalize_filename(place, NULL);
    g_autofree char *given = g_canonicalize_filename(path, NULL);
    gsize length = strlen(wanted);
    return strncmp(wanted, given, length) == 0 && (given[length] == '\0' || given[length] == '/');
}

enum sieve_location sieve_script_owner(const struct conf *conf, const char *home, const char *path)
{
    static const enum setting lists[] = {CONF_SIEVE_BEFORE, CONF_SIEVE_AFTER};
    static const enum setting paths[] = {CONF_SIEVE_DEFAULT, CONF_SIEVE_GLOBAL};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        const char *const *place = conf_list(conf, lists[i]);
        for (; !is_users(conf_origin(conf, lists[i]), home) && *place; place++) {
            if (is_at_or_in(*place, path))
                return SIEVE_GLOBAL;
        }
        if (!is_users(conf_origin(conf, paths[i]), home) &&
            is_at_or_in(conf_string(conf, paths[i]), path))
            return SIEVE_GLOBAL;
    }
    return SIEVE_PERSONAL;
}
