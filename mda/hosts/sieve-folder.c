// SPDX-License-Identifier: MIT
#include "hosts/sieve-folder.h"

#include "base/auto.h"
#include "base/content.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/files.h"
#include "store/maildir-name.h"
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYWORDS_MAX_BYTES (64 * 1024)
#define LOCK_MILLISECONDS 5000

// ---- Flags

// The keyword that LETTER stands for in the folder: dovecot-keywords has "N name" lines. NULL:
// none.
static char *keyword_of(const struct sieve_folder *folder, char letter)
{
    g_autofree char *path = g_build_filename(folder->path, "dovecot-keywords", NULL);
    g_autofree char *text = NULL;
    if (!files_read(path, KEYWORDS_MAX_BYTES, &text, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *blank = strchr(lines[i], ' ');
        if (blank && g_ascii_strtoull(lines[i], NULL, 10) == (guint64)(letter - 'a'))
            return g_strdup(blank + 1);
    }
    return NULL;
}

GPtrArray *sieve_folder_flags(const struct sieve_folder *folder, const char *name)
{
    static const struct {
        char letter;
        const char *flag;
    } system[] = {{'D', "\\Draft"},
                  {'F', "\\Flagged"},
                  {'R', "\\Answered"},
                  {'S', "\\Seen"},
                  {'T', "\\Deleted"}};
    GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);
    const char *info = strstr(name, ":2,");
    for (const char *at = info ? info + 3 : ""; g_ascii_isalpha(*at); at++) {
        char *keyword = g_ascii_islower(*at) ? keyword_of(folder, *at) : NULL;
        if (keyword)
            g_ptr_array_add(flags, keyword);
        for (guint i = 0; i < G_N_ELEMENTS(system); i++) {
            if (system[i].letter == *at)
                g_ptr_array_add(flags, g_strdup(system[i].flag));
        }
    }
    return flags;
}

static bool has_flag(const GPtrArray *flags, const char *flag)
{
    for (guint i = 0; flags && i < flags->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(flags, i), flag) == 0)
            return true;
    }
    return false;
}

static bool same_flags(const GPtrArray *a, const GPtrArray *b)
{
    for (guint i = 0; a && i < a->len; i++) {
        if (!has_flag(b, g_ptr_array_index(a, i)))
            return false;
    }
    return (a ? a->len : 0) == (b ? b->len : 0);
}

// ---- Actions

static const struct store *store_of(const struct sieve_folder *folder)
{
    g_autofree char *location = g_strconcat("maildir:", folder->root, NULL), *path = NULL;
    return store_for(location, &path, NULL);
}

static bool is_here(const struct sieve_folder *folder, const struct plan_action *action)
{
    const struct store *store = store_of(folder);
    g_autofree char *path = store ? store->folder_path(folder->root, action->folder, NULL) : NULL;
    return action->kind == PLAN_KEEP || g_strcmp0(path, folder->path) == 0;
}

static bool store_copy(const struct sieve_folder *folder, GBytes *bytes,
                       const struct plan_action *action, const struct stat *from, GError **err)
{
    const struct store *store = store_of(folder);
    if (!store)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s is no maildir", folder->root);
    gsize size = 0;
    const char *data = g_bytes_get_data(action->message ? action->message : bytes, &size);
    g_autoptr(Content) content = content_new();
    content_append(content, data, size);
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_MD5, (const guchar *)data, size);
    struct store_request request = {
        .content = content,
        .folder = action->folder,
        .create = action->create,
        .flags = action->flags,
        .keywords = folder->keywords,
        .fingerprint = sum,
        .fsync = true,
        .mode = folder->mode,
        .deadline = deadline_in(LOCK_MILLISECONDS),
    };
    struct store_result done = {0};
    if (!store->deliver(folder->root, &request, &done, err))
        return false;
    // Mail programs sort by this time.
    const struct timespec times[2] = {from->st_atim, from->st_mtim};
    if (done.path)
        (void)!utimensat(AT_FDCWD, done.path, times, AT_SYMLINK_NOFOLLOW);
    store_result_clear(&done);
    return true;
}

// What PLAN asks for that is not done over a folder, as a list, or NULL. Owned by the caller.
static char *undone_of(const struct sieve_folder *folder, const struct plan *plan)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        const bool stores = action->kind == PLAN_KEEP || action->kind == PLAN_FILEINTO;
        if (!stores && action->kind != PLAN_DISCARD && action->kind != PLAN_DUPLICATE)
            g_string_append_printf(out, "%s%s", out->len ? ", " : "", plan_kind_name(action->kind));
        else if (stores && action->message && is_here(folder, action))
            g_string_append_printf(out, "%san edit of a message that stays", out->len ? ", " : "");
    }
    if (plan->implicit_keep && plan->message)
        g_string_append_printf(out, "%san edit of a message that stays", out->len ? ", " : "");
    if (out->len > 0)
        return g_string_free(out, FALSE);
    g_string_free(out, TRUE);
    return NULL;
}

// The letters of the system flags in FLAGS, and all other letters of NAME. Owned by the caller.
static char *letters_of(const char *name, const GPtrArray *flags)
{
    g_autofree char *system = maildir_flags(flags);
    GString *out = g_string_new(*system ? system + 3 : "");
    const char *info = strstr(name, ":2,");
    for (const char *at = info ? info + 3 : ""; g_ascii_isalpha(*at); at++) {
        if (strchr("DFRST", *at) || strchr(out->str, *at))
            continue;
        gssize place = 0;
        while (out->str[place] && out->str[place] < *at)
            place++;
        g_string_insert_c(out, place, *at);
    }
    return g_string_free(out, FALSE);
}

// The message stays with FLAGS: its file gets another name.
static bool set_flags(const struct sieve_folder *folder, const char *name, const GPtrArray *flags,
                      GError **err)
{
    g_autofree char *base = g_path_get_basename(name);
    base[strcspn(base, ":")] = '\0';
    g_autofree char *letters = letters_of(name, flags);
    g_autofree char *file = g_strconcat(base, ":2,", letters, NULL);
    g_autofree char *to = g_build_filename(folder->path, "cur", file, NULL);
    g_autofree char *from = g_build_filename(folder->path, name, NULL);
    if (strcmp(from, to) != 0 && rename(from, to) != 0)
        return mda_fail_errno(err, errno, "rename %s", from);
    return true;
}

struct wanted {
    bool stays, discarded;
    const GPtrArray *flags; // of the message that stays
    guint copies;
};

static struct wanted wanted_of(const struct sieve_folder *folder, const struct plan *plan)
{
    struct wanted wanted = {.stays = plan->implicit_keep, .flags = plan->flags};
    for (guint i = 0; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        wanted.discarded |= action->kind == PLAN_DISCARD;
        if (action->kind != PLAN_KEEP && action->kind != PLAN_FILEINTO)
            continue;
        if (is_here(folder, action)) {
            wanted.stays = true;
            wanted.flags = action->flags;
        } else {
            wanted.copies++;
        }
    }
    return wanted;
}

static bool store_all(const struct sieve_folder *folder, GBytes *bytes, const struct plan *plan,
                      const struct stat *from, GError **err)
{
    for (guint i = 0; i < plan->actions->len; i++) {
        const struct plan_action *action = g_ptr_array_index(plan->actions, i);
        if (action->kind == PLAN_FILEINTO && !is_here(folder, action) &&
            !store_copy(folder, bytes, action, from, err))
            return false;
    }
    return true;
}

// System flags alone: to give a message that stays a keyword is left to mail programs.
static bool has_other_flags(const struct sieve_folder *folder, const char *name,
                            const GPtrArray *flags)
{
    g_autoptr(GPtrArray) before = sieve_folder_flags(folder, name);
    g_autofree char *old = maildir_flags(before), *new = maildir_flags(flags);
    return !same_flags(before, flags) && strcmp(old, new) != 0;
}

enum sieve_folder_fate sieve_folder_carry_out(const struct sieve_folder *folder, const char *name,
                                              GBytes *bytes, const struct plan *plan, bool execute,
                                              char **undone_r, GError **err)
{
    const struct wanted wanted = wanted_of(folder, plan);
    g_autofree char *path = g_build_filename(folder->path, name, NULL);
    struct stat from;
    *undone_r = undone_of(folder, plan);
    if (*undone_r)
        return FOLDER_UNDONE;
    if (lstat(path, &from) != 0) {
        mda_fail_errno(err, errno, "%s", path);
        return FOLDER_FAILED;
    }
    if (execute && !store_all(folder, bytes, plan, &from, err))
        return FOLDER_FAILED;
    const bool goes =
        !wanted.stays && (wanted.copies > 0 || (wanted.discarded && folder->delete_discarded));
    if (goes) {
        // Its copies are on the disk.
        if (execute && unlink(path) != 0) {
            mda_fail_errno(err, errno, "remove %s", path);
            return FOLDER_FAILED;
        }
        ending_finish();
        return wanted.copies > 0 ? FOLDER_MOVED : FOLDER_DELETED;
    }
    const bool flagged = wanted.stays && has_other_flags(folder, name, wanted.flags);
    if (flagged && execute && !set_flags(folder, name, wanted.flags, err))
        return FOLDER_FAILED;
    if (execute)
        ending_finish();
    return wanted.copies > 0 ? FOLDER_COPIED : flagged ? FOLDER_FLAGGED : FOLDER_STAYS;
}
