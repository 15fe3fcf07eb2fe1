// SPDX-License-Identifier: MIT
#include "hosts/sieve-beside.h"

#include "base/auto.h"
#include "base/files.h"
#include "base/log.h"
#include "store/folder-name.h"
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes of a side file that are looked at, and of the first line of a dovecot-uidlist.
#define SIDE_FILE_MAX_BYTES (1024 * 1024)
#define UIDLIST_HEAD_BYTES 512

static const char *setting(const struct sieve_source *source, const char *name)
{
    const char *value = g_hash_table_lookup(source->settings, name);
    return value ? value : "";
}

static void set_default(struct sieve_source *source, char *name, char *value)
{
    if (*value && !g_hash_table_contains(source->settings, name)) {
        g_hash_table_insert(source->settings, name, value);
        return;
    }
    g_free(name);
    g_free(value);
}

// NAME=PATH; a name may be a URI with a "=" in it. A comma, which parts the list, is %2C in it.
static void configure_list(struct sieve_source *source, guint n, const char *pair, const char *home)
{
    const char *equals = strrchr(pair, '=');
    if (!equals || equals == pair)
        return;
    const char *path = equals + 1;
    g_autofree char *list = g_strndup(pair, (gsize)(equals - pair));
    g_autofree char *name = g_uri_unescape_string(list, NULL);
    bool in_home = path[0] == '~' && path[1] == '/';
    set_default(source, g_strdup_printf("extlists_list/%u/name", n), g_strdup(name ? name : list));
    set_default(source, g_strdup_printf("extlists_list/%u/dict/file/path", n),
                in_home ? g_build_filename(home, path + 2, NULL) : g_strdup(path));
}

// Where the folders are, when they are those of a maildir. Owned by the caller.
static char *maildir_of(const struct conf *conf)
{
    g_autofree char *root = NULL;
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, NULL);
    return store && strcmp(store->name, "maildir") == 0 ? g_steal_pointer(&root) : NULL;
}

void sieve_beside_configure(struct sieve_source *source, const struct conf *conf, const char *home)
{
    const char *const *lists = conf_list(conf, CONF_SIEVE_LISTS);
    g_autoptr(GString) keys = g_string_new(NULL);
    if (!g_hash_table_contains(source->settings, "extlists_list")) {
        for (guint i = 0; lists[i]; i++) {
            configure_list(source, i, lists[i], home);
            g_string_append_printf(keys, i > 0 ? " %u" : "%u", i);
        }
        set_default(source, g_strdup("extlists_list"), g_strdup(keys->str));
    }
    if (!source->maildir)
        source->maildir = maildir_of(conf);
    set_default(source, g_strdup("metadata"), g_strdup(conf_string(conf, CONF_SIEVE_METADATA)));
    set_default(source, g_strdup("special_use"),
                g_strjoinv(" ", (char **)conf_list(conf, CONF_STORE_SPECIAL_USE)));
}

// ---- External lists

// The text of LIST's file, or NULL. Owned by the caller.
static char *list_text(const struct sieve_source *source, const char *list)
{
    g_auto(GStrv) keys = g_strsplit(setting(source, "extlists_list"), " ", -1);
    for (guint i = 0; keys[i]; i++) {
        g_autofree char *name_key = g_strdup_printf("extlists_list/%s/name", keys[i]);
        g_autofree char *path_key = g_strdup_printf("extlists_list/%s/dict/file/path", keys[i]);
        const char *name = setting(source, name_key), *path = setting(source, path_key);
        if (!*keys[i] || strcmp(*name ? name : keys[i], list) != 0)
            continue;
        char *text = NULL;
        gsize size = 0;
        g_autoptr(GError) err = NULL;
        if (files_read(path, SIDE_FILE_MAX_BYTES, &text, &size, &err))
            return text;
        log_line(LOG_LEVEL_WARNING, "[sieve] lists: %s: %s", list, err->message);
        return g_strdup("");
    }
    return NULL;
}

// A dict file has the value behind each "shared/KEY"; what is asked for is the key, but an address
// may stand for a nickname.
static char *dict_member(const char *key, const char *value)
{
    const char *slash = strrchr(key, '/');
    const char *member = slash ? slash + 1 : key;
    return g_strdup(!strchr(member, '@') && value && strchr(value, '@') ? value : member);
}

static GPtrArray *beside_list_members(void *data, const char *list)
{
    g_autofree char *text = list_text(data, list);
    if (!text)
        return NULL;
    GPtrArray *members = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        if (g_str_has_prefix(line, "shared/") || g_str_has_prefix(line, "priv/"))
            g_ptr_array_add(members, dict_member(line, lines[i + 1] ? lines[++i] : NULL));
        else if (*line && *line != '#')
            g_ptr_array_add(members, g_strdup(line));
    }
    return members;
}

static bool beside_list_exists(void *data, const char *list)
{
    g_autofree char *text = list_text(data, list);
    return text != NULL;
}

static bool beside_list_contains(void *data, const char *list, const char *value)
{
    g_autofree char *text = list_text(data, list);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        bool dict = g_str_has_prefix(line, "shared/") || g_str_has_prefix(line, "priv/");
        const char *slash = dict ? strrchr(line, '/') + 1 : line;
        if (*line && *line != '#' && g_ascii_strcasecmp(slash, value) == 0)
            return true;
        i += dict && lines[i + 1] ? 1 : 0;
    }
    return false;
}

// ---- Annotations

static GKeyFile *metadata_file(const struct sieve_source *source)
{
    const char *path = setting(source, "metadata");
    GKeyFile *file = g_key_file_new();
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) err = NULL;
    if (*path && (!files_read(path, SIDE_FILE_MAX_BYTES, &text, &size, &err) ||
                  !g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &err)))
        log_line(LOG_LEVEL_WARNING, "[sieve] metadata = %s: %s", path, err->message);
    return file;
}

static char *metadata_value(GKeyFile *file, const char *group, const char *annotation)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
    for (guint i = 0; keys && keys[i]; i++) {
        if (g_ascii_strcasecmp(keys[i], annotation) == 0)
            return g_key_file_get_string(file, group, keys[i], NULL);
    }
    return NULL;
}

static char *beside_metadata(void *data, const char *mailbox, const char *annotation)
{
    const struct sieve_source *source = data;
    g_autoptr(GKeyFile) file = metadata_file(source);
    if (!mailbox)
        return metadata_value(file, "server", annotation);
    if (source->mailbox_exists && !source->mailbox_exists(data, mailbox))
        return NULL;
    bool inbox = g_ascii_strcasecmp(mailbox, "INBOX") == 0;
    g_autofree char *group = g_strconcat("mailbox ", inbox ? "INBOX" : mailbox, NULL);
    return metadata_value(file, group, annotation);
}

// ---- Attributes

static char *folder_with_use(const struct sieve_source *source, const char *use)
{
    g_auto(GStrv) pairs = g_strsplit(setting(source, "special_use"), " ", -1);
    for (guint i = 0; pairs[i]; i++) {
        char *equals = strrchr(pairs[i], '=');
        if (!equals)
            continue;
        const char *named = equals + 1 + (equals[1] == '\\');
        *equals = '\0';
        if (g_ascii_strcasecmp(named, use + (*use == '\\')) == 0 && source->mailbox_exists &&
            source->mailbox_exists((void *)source, pairs[i]))
            return g_strdup(pairs[i]);
    }
    return NULL;
}

static bool beside_special_use_exists(void *data, const char *mailbox, const char *flag)
{
    g_autofree char *folder = folder_with_use(data, flag);
    return folder && (!mailbox || strcmp(folder, mailbox) == 0);
}

// ---- Ids

// The id that Dovecot gave the folder at PATH: the word that begins with G in the first line of its
// list of messages. NULL: there is none. Owned by the caller.
static char *dovecot_id(const char *path)
{
    g_autofree char *name = g_build_filename(path, "dovecot-uidlist", NULL);
    char head[UIDLIST_HEAD_BYTES] = "";
    mda_autofd fd = files_open_regular(name, FILES_ANY_LINK, NULL, NULL);
    if (fd < 0 || read(fd, head, sizeof head - 1) <= 0)
        return NULL;
    head[strcspn(head, "\n")] = '\0';
    g_auto(GStrv) words = g_strsplit(head, " ", -1);
    for (guint i = 0; words[i]; i++) {
        if (*words[i] == 'G' && words[i][1])
            return g_strdup(words[i] + 1);
    }
    return NULL;
}

static char *maildir_with_id(const char *root, const char *id)
{
    g_autofree char *inbox = dovecot_id(root);
    if (inbox && strcmp(inbox, id) == 0)
        return g_strdup("INBOX");
    g_autoptr(GDir) directory = g_dir_open(root, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *path = g_build_filename(root, name, NULL);
        g_autofree char *found = *name == '.' ? dovecot_id(path) : NULL;
        if (found && strcmp(found, id) == 0)
            return folder_decode(name + 1);
    }
    return NULL;
}

static char *folder_with_id(const struct sieve_source *source, const char *id)
{
    g_autoptr(GKeyFile) file = metadata_file(source);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, groups[i], "mailboxid", NULL);
        const char *name = groups[i] + strlen("mailbox ");
        if (value && strcmp(value, id) == 0 && g_str_has_prefix(groups[i], "mailbox ") &&
            (!source->mailbox_exists || source->mailbox_exists((void *)source, name)))
            return g_strdup(name);
    }
    return source->maildir ? maildir_with_id(source->maildir, id) : NULL;
}

static bool beside_mailbox_id_exists(void *data, const char *id)
{
    g_autofree char *folder = folder_with_id(data, id);
    return folder != NULL;
}

// ---- The door

void sieve_beside_host(const struct sieve_source *source, struct sieve_host *host, bool all)
{
    host->mailbox_exists = source->mailbox_exists;
    if (all || *setting(source, "extlists_list")) {
        host->list_exists = beside_list_exists;
        host->list_contains = beside_list_contains;
        host->list_members = beside_list_members;
    }
    if (all || *setting(source, "metadata"))
        host->metadata = beside_metadata;
    if (source->mailbox_exists && (all || *setting(source, "special_use")))
        host->special_use_exists = beside_special_use_exists;
    if (all || source->maildir || *setting(source, "metadata"))
        host->mailbox_id_exists = beside_mailbox_id_exists;
}

char *sieve_beside_folder(const struct sieve_source *source, const struct plan_action *action)
{
    char *folder = action->mailbox_id ? folder_with_id(source, action->mailbox_id) : NULL;
    // RFC 9042 §4.2: the id goes before the attribute.
    if (!folder && action->special_use)
        folder = folder_with_use(source, action->special_use);
    return folder;
}

void sieve_beside_resolve(const struct sieve_source *source, struct plan *plan)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        struct plan_action *action = g_ptr_array_index(plan->actions, i);
        char *folder = sieve_beside_folder(source, action);
        // For an answer it is the copy's (RFC 8580).
        char **target = action->fcc ? &action->fcc : &action->folder;
        if (folder) {
            g_free(*target);
            *target = folder;
        }
    }
}

bool sieve_beside_may_name(const char *name, GError **err)
{
    g_autoptr(GPtrArray) levels = folder_levels(name, err);
    return levels != NULL;
}
