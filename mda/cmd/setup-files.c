// SPDX-License-Identifier: MIT
// The notes for undoing stand in the state directory, one line a file:
// path TAB copy of what was there, or "-" TAB checksum of what we wrote
#include "cmd/setup-files.h"

#include "base/error.h"
#include "base/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTES "setup.undo"
#define FILE_MAX (16 * 1024 * 1024)
#define COPIES_MAX 1000

static char *notes_path(const struct conf *conf)
{
    return g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), NOTES, NULL);
}

static char *checksum(const char *text)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

// *TEXT_R is NULL when PATH is not there.
static bool read_file(const char *path, char **text_r, GError **err)
{
    g_autoptr(GError) why = NULL;
    gsize size;
    *text_r = NULL;
    if (files_read(path, FILE_MAX, text_r, &size, &why) ||
        g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE))
        return true;
    g_propagate_error(err, g_steal_pointer(&why));
    return false;
}

static bool is_set_in(const struct conf *conf, const char *path, enum setting setting)
{
    return g_str_has_prefix(conf_origin(conf, setting), path);
}

char *setup_file_with(const struct conf *conf, const char *path, const GArray *lines)
{
    g_autofree char *old = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!read_file(path, &old, NULL))
        return NULL;
    for (guint i = 0; i < lines->len; i++) {
        const struct setup_line *line = &g_array_index(lines, struct setup_line, i);
        const struct setting_row *row = conf_row(line->setting);
        if (is_set_in(conf, path, line->setting))
            continue;
        g_string_append_printf(text, "\n# %s\n[%s]\n%s = %s\n", line->reason, row->section,
                               row->key, line->value);
    }
    if (text->len == 0)
        return NULL;
    if (!old)
        g_string_prepend(text,
                         "# Written by backstop setup; backstop setup --undo takes it back.\n");
    else
        g_string_prepend(text, old);
    return g_strdup(text->str);
}

// Keeps what PATH held under a name beside it that is free. Owned by the caller; NULL with *err.
static char *keep_copy(const char *path, const char *old, GError **err)
{
    for (guint i = 0; i < COPIES_MAX; i++) {
        g_autofree char *copy = i == 0 ? g_strconcat(path, ".before-backstop", NULL)
                                       : g_strdup_printf("%s.before-backstop.%u", path, i);
        if (access(copy, F_OK) == 0)
            continue;
        return files_replace(copy, old, strlen(old), 0600, err) ? g_steal_pointer(&copy) : NULL;
    }
    mda_fail(err, MDA_ERROR_CONFIG, "%s: there are too many copies of it", path);
    return NULL;
}

static bool add_note(const struct conf *conf, const char *path, const char *copy, const char *text,
                     GError **err)
{
    g_autofree char *notes = notes_path(conf);
    g_autofree char *old = NULL;
    g_autofree char *sum = checksum(text);
    if (!files_make_path(conf_string(conf, CONF_STATE_DIRECTORY), 0700, false, err) ||
        !read_file(notes, &old, err))
        return false;
    g_autofree char *all =
        g_strdup_printf("%s%s\t%s\t%s\n", old ? old : "", path, copy ? copy : "-", sum);
    return files_replace(notes, all, strlen(all), 0600, err);
}

bool setup_write(const struct conf *conf, const char *path, const char *text, GError **err)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *old = NULL;
    g_autofree char *copy = NULL;
    if (!files_make_path(directory, 0700, true, err) || !read_file(path, &old, err))
        return false;
    if (old && !(copy = keep_copy(path, old, err)))
        return false;
    return add_note(conf, path, copy, text, err) &&
           files_replace(path, text, strlen(text), 0600, err);
}

static bool put_back(const char *path, const char *copy, const char *sum, GError **err)
{
    g_autofree char *now = NULL;
    g_autofree char *old = NULL;
    if (!read_file(path, &now, err))
        return false;
    g_autofree char *current = now ? checksum(now) : NULL;
    if (g_strcmp0(current, sum) != 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s was changed since, and is left as it is%s%s",
                        path, strcmp(copy, "-") == 0 ? "" : "; what was there before is in ",
                        strcmp(copy, "-") == 0 ? "" : copy);
    if (strcmp(copy, "-") == 0) {
        if (unlink(path) != 0)
            return mda_fail_errno(err, errno, "remove %s", path);
        printf("%s: removed\n", path);
        return true;
    }
    if (!read_file(copy, &old, err))
        return false;
    if (!old)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: is not there any more", copy);
    if (!files_replace(path, old, strlen(old), 0600, err))
        return false;
    unlink(copy);
    printf("%s: as it was\n", path);
    return true;
}

bool setup_undo(const struct conf *conf, GError **err)
{
    g_autofree char *path = notes_path(conf);
    g_autofree char *notes = NULL;
    if (!read_file(path, &notes, err))
        return false;
    if (!notes)
        return mda_fail(err, MDA_ERROR_CONFIG, "nothing was set up that could be undone");
    g_auto(GStrv) lines = g_strsplit(notes, "\n", -1);
    bool sound = true;
    // The last one first: a file that was written twice goes back step by step.
    for (guint i = g_strv_length(lines); i-- > 0;) {
        g_auto(GStrv) parts = g_strsplit(lines[i], "\t", 3);
        g_autoptr(GError) why = NULL;
        if (g_strv_length(parts) != 3 || put_back(parts[0], parts[1], parts[2], &why))
            continue;
        if (sound)
            g_propagate_error(err, g_steal_pointer(&why));
        sound = false;
    }
    unlink(path);
    return sound;
}
