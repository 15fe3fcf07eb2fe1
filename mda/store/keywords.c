// SPDX-License-Identifier: MIT
// The file dovecot-keywords in a Maildir folder has lines "NUMBER NAME"; the letter of number 0 is
// a. Names are only added, with dovecot-uidlist.lock held, and the file's time must grow each time:
// by it Dovecot sees that the file changed.
#include "store/keywords.h"

#include "base/error.h"
#include "base/files.h"
#include "base/lock.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEYWORDS 26 // letters
#define FILE_MAX_BYTES (64 * 1024)
#define NAME_MAX_BYTES 64
#define LOCK_MILLISECONDS 3000
#define STALE_LOCK_SECONDS 300

struct keywords {
    char *names[KEYWORDS]; // NULL: the letter is free
};

static void keywords_clear(struct keywords *keywords)
{
    for (guint i = 0; i < KEYWORDS; i++)
        g_clear_pointer(&keywords->names[i], g_free);
}

bool keyword_is_sound(const char *flag)
{
    if (*flag == '\\' || !*flag || strlen(flag) > NAME_MAX_BYTES)
        return false;
    for (; *flag; flag++) {
        if (*flag <= ' ' || *flag >= 127 || strchr("(){%*\"\\]", *flag))
            return false;
    }
    return true;
}

static bool keywords_read(struct keywords *keywords, const char *file, GError **err)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) why = NULL;
    if (!files_read(file, FILE_MAX_BYTES, &text, &size, &why)) {
        if (g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE))
            return true;
        g_propagate_error(err, g_steal_pointer(&why));
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *name = NULL;
        guint64 number = g_ascii_strtoull(lines[i], &name, 10);
        if (name > lines[i] && *name == ' ' && name[1] && number < KEYWORDS &&
            !keywords->names[number])
            keywords->names[number] = g_strdup(name + 1);
    }
    return true;
}

static int keywords_find(const struct keywords *keywords, const char *name)
{
    for (int i = 0; i < KEYWORDS; i++) {
        if (keywords->names[i] && g_ascii_strcasecmp(keywords->names[i], name) == 0)
            return i;
    }
    return -1;
}

// Gives NAME the letter behind the last one. False when there is none left.
static bool keywords_add(struct keywords *keywords, const char *name)
{
    int free = KEYWORDS;
    while (free > 0 && !keywords->names[free - 1])
        free--;
    if (free == KEYWORDS)
        return false;
    keywords->names[free] = g_strdup(name);
    return true;
}

// Gives a letter to each keyword of FLAGS that has none. False when there were too few.
static bool add_missing(struct keywords *keywords, const GPtrArray *flags, bool *changed_r)
{
    bool room = true;
    for (guint i = 0; i < flags->len; i++) {
        const char *flag = g_ptr_array_index(flags, i);
        if (!keyword_is_sound(flag) || keywords_find(keywords, flag) >= 0)
            continue;
        bool added = keywords_add(keywords, flag);
        *changed_r |= added;
        room &= added;
    }
    return room;
}

static bool keywords_write(const struct keywords *keywords, const char *file, mode_t mode,
                           GError **err)
{
    struct stat before, after;
    bool existed = stat(file, &before) == 0;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < KEYWORDS; i++) {
        if (keywords->names[i])
            g_string_append_printf(text, "%u %s\n", i, keywords->names[i]);
    }
    if (!files_replace(file, text->str, text->len, existed ? before.st_mode & 0777 : mode, err))
        return false;
    if (!existed || stat(file, &after) != 0 || after.st_mtime > before.st_mtime)
        return true;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = before.st_mtime + 1}};
    return utimensat(AT_FDCWD, file, times, 0) == 0 ||
           mda_fail_errno(err, errno, "set the time of %s", file);
}

// Adds what is missing while nobody else does.
static bool add_locked(struct keywords *keywords, const char *path, const char *file,
                       const GPtrArray *flags, mode_t mode, struct deadline deadline, GError **err)
{
    struct dotlock lock = {0};
    bool changed = false;
    g_autofree char *lock_path = g_build_filename(path, "dovecot-uidlist.lock", NULL);
    if (!dotlock_acquire(lock_path, STALE_LOCK_SECONDS,
                         deadline_sooner(deadline, deadline_in(LOCK_MILLISECONDS)), &lock, err))
        return false;
    keywords_clear(keywords);
    bool done = keywords_read(keywords, file, err);
    bool room = done && add_missing(keywords, flags, &changed);
    if (changed)
        done = keywords_write(keywords, file, mode, err);
    dotlock_release(&lock);
    if (done && !room)
        return mda_fail(err, MDA_ERROR_LIMIT, "there are %d keywords already", KEYWORDS);
    return done;
}

static bool all_known(const struct keywords *keywords, const GPtrArray *flags)
{
    bool known = true;
    for (guint i = 0; i < flags->len; i++) {
        const char *flag = g_ptr_array_index(flags, i);
        known &= !keyword_is_sound(flag) || keywords_find(keywords, flag) >= 0;
    }
    return known;
}

static int by_letter(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static char *letters_of(const struct keywords *keywords, const GPtrArray *flags)
{
    GString *letters = g_string_new(NULL);
    for (guint i = 0; i < flags->len; i++) {
        const char *flag = g_ptr_array_index(flags, i);
        int number = keyword_is_sound(flag) ? keywords_find(keywords, flag) : -1;
        if (number >= 0 && !strchr(letters->str, 'a' + number))
            g_string_append_c(letters, (char)('a' + number));
    }
    qsort(letters->str, letters->len, 1, by_letter);
    return g_string_free(letters, FALSE);
}

char *maildir_keywords(const char *path, const GPtrArray *flags, mode_t mode,
                       struct deadline deadline)
{
    struct keywords keywords = {{NULL}};
    g_autoptr(GError) err = NULL;
    g_autofree char *file = g_build_filename(path, "dovecot-keywords", NULL);
    if (!flags || flags->len == 0)
        return g_strdup("");
    bool sound = keywords_read(&keywords, file, &err);
    if (sound && !all_known(&keywords, flags) &&
        !add_locked(&keywords, path, file, flags, mode, deadline, &err)) {
        log_line(LOG_LEVEL_WARNING, "not all keywords are kept in %s: %s", path, err->message);
        // What is in the file holds; what we could not put there does not.
        keywords_clear(&keywords);
        sound = keywords_read(&keywords, file, NULL);
    }
    char *letters = sound ? letters_of(&keywords, flags) : g_strdup("");
    keywords_clear(&keywords);
    return letters;
}
