// SPDX-License-Identifier: MIT
// Design rationale
// - A directory of digits alone is MH; one with cur/ is a maildir; files that begin with "From "
//   are mbox. Other files and directories are not mail, and only looked through for mail below.
// - Which folder is for what is asked of Dovecot first: dovecot-attributes keeps "specialuse" under
//   the mailbox's GUID, which stands in dovecot-uidlist (G…). Names answer where it does not.
#include "store/tree.h"

#include "base/auto.h"
#include "base/files.h"
#include "store/folder-name.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 6
#define FOLDERS_MAX 5000
#define SERVER_FILE_MAX (16 * 1024 * 1024)

static void folder_free(gpointer data)
{
    struct tree_folder *folder = data;
    g_free(folder->path);
    g_free(folder->name);
    g_free(folder);
}

static bool is_real_directory(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool begins_as_mbox(const char *path)
{
    mda_autofd fd = files_open_regular(path, FILES_NO_LINK, NULL, NULL);
    char start[5];
    return fd >= 0 && read(fd, start, sizeof start) == sizeof start &&
           memcmp(start, "From ", 5) == 0;
}

static void add_folder(GPtrArray *folders, const char *path, const char *name, enum read_kind kind)
{
    struct tree_folder *folder = g_new0(struct tree_folder, 1);
    folder->path = g_strdup(path);
    folder->name = g_strdup(name);
    folder->kind = kind;
    folder->use = special_use_of_name(name);
    g_ptr_array_add(folders, folder);
}

// The name of the folder ENTRY below the one called ABOVE. NULL: it is none.
static char *name_below(const char *above, const char *entry)
{
    g_autofree char *decoded = folder_decode(entry);
    g_autofree char *valid = decoded ? NULL : g_utf8_make_valid(entry, -1);
    const char *name = decoded ? decoded : valid;
    return *above ? g_strconcat(above, "/", name, NULL) : g_strdup(name);
}

// ".Work.Old" -> "Work/Old"; courier and Dovecot put the inbox's children under INBOX, too.
static char *maildir_name_of(const char *above, const char *entry)
{
    g_autofree char *levels = g_strdelimit(g_strdup(entry + 1), ".", '/');
    const char *bare = g_str_has_prefix(levels, "INBOX/") ? levels + 6 : levels;
    return name_below(above, bare);
}

static void walk(GPtrArray *folders, const char *path, const char *name, guint depth);

static void visit_entry(GPtrArray *folders, const char *path, const char *above, bool in_maildir,
                        const char *entry, guint depth)
{
    static const char *const own[] = {"cur", "new", "tmp", NULL};
    g_autofree char *full = g_build_filename(path, entry, NULL);
    const bool hidden = entry[0] == '.';
    if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0 ||
        (in_maildir && g_strv_contains(own, entry)) || folders->len >= FOLDERS_MAX)
        return;
    if (is_real_directory(full)) {
        g_autofree char *name = !hidden      ? name_below(above, entry)
                                : in_maildir ? maildir_name_of(above, entry)
                                             : NULL;
        // Thunderbird keeps the children of "Work" in "Work.sbd".
        if (name && g_str_has_suffix(name, ".sbd"))
            name[strlen(name) - 4] = '\0';
        if (name && depth < DEPTH_MAX)
            walk(folders, full, name, depth + 1);
    } else if (!hidden && !in_maildir && begins_as_mbox(full)) {
        g_autofree char *name = name_below(above, entry);
        add_folder(folders, full, name, READ_MBOX);
    }
}

static void walk(GPtrArray *folders, const char *path, const char *name, guint depth)
{
    const enum read_kind kind = read_kind(path);
    if (kind == READ_MAILDIR || kind == READ_MH)
        add_folder(folders, path, name, kind);
    mda_autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    g_autoptr(DIR) directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory)
        return;
    mda_steal_fd(&fd);
    const struct dirent *entry;
    while ((entry = readdir(directory)))
        visit_entry(folders, path, name, kind == READ_MAILDIR, entry->d_name, depth);
}

// The G… of the first line of dovecot-uidlist: "3 V1275660208 N25022 G3085f01b…". NULL: none.
static char *dovecot_guid(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "dovecot-uidlist", NULL);
    g_autofree char *text = NULL;
    gsize size;
    if (!files_read(path, SERVER_FILE_MAX, &text, &size, NULL))
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        if ((*word)[0] == 'G' && strlen(*word) == 33)
            return g_strdup(*word + 1);
    }
    return NULL;
}

// Lines of "priv/GUID/specialuse" with the value in the next: a file dictionary of Dovecot.
static void read_attributes(const char *root, GHashTable *uses)
{
    g_autofree char *path = g_build_filename(root, "dovecot-attributes", NULL);
    g_autofree char *text = NULL;
    gsize size;
    if (!files_read(path, SERVER_FILE_MAX, &text, &size, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] && lines[i + 1]; i++) {
        g_auto(GStrv) parts = g_strsplit(lines[i], "/", 3);
        if (g_strv_length(parts) == 3 && strcmp(parts[2], "specialuse") == 0)
            g_hash_table_insert(uses, g_strdup(parts[1]),
                                GINT_TO_POINTER(special_use_of_attribute(lines[i + 1])));
    }
}

static void ask_dovecot(const char *root, GPtrArray *folders)
{
    g_autoptr(GHashTable) uses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    read_attributes(root, uses);
    for (guint i = 0; i < folders->len && g_hash_table_size(uses) > 0; i++) {
        struct tree_folder *folder = g_ptr_array_index(folders, i);
        g_autofree char *guid = dovecot_guid(folder->path);
        gpointer use = guid ? g_hash_table_lookup(uses, guid) : NULL;
        if (use)
            folder->use = (enum special_use)GPOINTER_TO_INT(use);
    }
}

static gint by_path(gconstpointer a, gconstpointer b)
{
    const struct tree_folder *first = *(const struct tree_folder *const *)a;
    const struct tree_folder *second = *(const struct tree_folder *const *)b;
    return strcmp(first->path, second->path);
}

GPtrArray *tree_folders(const char *root)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(folder_free);
    if (begins_as_mbox(root))
        add_folder(folders, root, "", READ_MBOX);
    else if (is_real_directory(root))
        walk(folders, root, "", 0);
    ask_dovecot(root, folders);
    g_ptr_array_sort(folders, by_path);
    return folders;
}

char *tree_find(const char *root, enum special_use use)
{
    g_autoptr(GPtrArray) folders = tree_folders(root);
    for (guint i = 0; i < folders->len; i++) {
        const struct tree_folder *folder = g_ptr_array_index(folders, i);
        if (folder->use == use)
            return g_strdup(folder->path);
    }
    return NULL;
}
