// SPDX-License-Identifier: MIT
#include "store/maildir-name.h"

#include "base/auto.h"
#include "base/ending.h"
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// Up to this age the arrival stands in the name; later the time of delivery does, because Junk
// expires by it.
#define ARRIVAL_IN_NAME_SECONDS 3600
// Nobody will have moved the message out of new/ before this time.
#define SETTLED_SECONDS 60
// Without an arrival the clock is taken in steps, so that a quick retry gets the same name.
#define CLOCK_STEP_SECONDS 64

// The host name as maildir names want it (no "/" and ":").
static char *host_part(void)
{
    g_auto(GStrv) slashed = g_strsplit(g_get_host_name(), "/", -1);
    g_autofree char *no_slash = g_strjoinv("\\057", slashed);
    g_auto(GStrv) parts = g_strsplit(no_slash, ":", -1);
    return g_strjoinv("\\072", parts);
}

void maildir_name_init(struct maildir_name *name, const char *fingerprint, gint64 arrival,
                       gint64 now, gsize size, gsize virtual_size, bool varying, char *flags)
{
    gint64 age = now - arrival;
    g_autofree char *host = host_part();
    name->certain = store_is_certain(arrival, now);
    name->scan = varying || (name->certain && age > SETTLED_SECONDS);
    if (name->certain && age < ARRIVAL_IN_NAME_SECONDS)
        name->time = arrival;
    else
        name->time = name->certain ? now : now / CLOCK_STEP_SECONDS * CLOCK_STEP_SECONDS;
    name->flags = flags;
    name->pattern = g_strdup_printf(".H%s.", fingerprint);
    name->suffix = g_strdup_printf(".H%s.%s,S=%" G_GSIZE_FORMAT ",W=%" G_GSIZE_FORMAT, fingerprint,
                                   host, size, virtual_size);
}

void maildir_name_clear(struct maildir_name *name)
{
    g_clear_pointer(&name->pattern, g_free);
    g_clear_pointer(&name->suffix, g_free);
    g_clear_pointer(&name->flags, g_free);
}

char *maildir_name_make(const struct maildir_name *name, guint n)
{
    if (n == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "%s", name->time, name->suffix);
    return g_strdup_printf("%" G_GINT64_FORMAT ".R%u%s", name->time, n, name->suffix);
}

bool maildir_name_counts(const struct maildir_name *name, int dirfd, const char *file)
{
    struct stat copy;
    if (fstatat(dirfd, file, &copy, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(copy.st_mode))
        return false;
    mda_autofd fd =
        name->certain ? -1 : openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    return name->certain || (fd >= 0 && ending_is_marked(fd));
}

static char *scan_directory(const struct maildir_name *name, int dirfd, const char *label)
{
    int own = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(DIR) directory = own < 0 ? NULL : fdopendir(own);
    if (!directory) {
        mda_close_fd(&own);
        return NULL;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strstr(entry->d_name, name->pattern) && maildir_name_counts(name, dirfd, entry->d_name))
            return g_strdup_printf("%s/%s", label, entry->d_name);
    }
    return NULL;
}

// FLAGS (":2," and letters, or "") with the letter S added in its place. Owned by the caller.
static char *seen_too(const char *flags)
{
    GString *out = g_string_new(*flags ? flags : ":2,");
    gsize at = strlen(":2,");
    while (at < out->len && out->str[at] < 'S')
        at++;
    if (out->str[at] != 'S')
        g_string_insert_c(out, (gssize)at, 'S');
    return g_string_free(out, FALSE);
}

// The names that a retry within moments can meet: as it was filed, in new/ or with flags in cur/,
// or just seen by an IMAP server.
static char *try_names(const struct maildir_name *name, gint64 when, int newfd, int curfd)
{
    g_autofree char *file = g_strdup_printf("%" G_GINT64_FORMAT "%s", when, name->suffix);
    g_autofree char *seen = seen_too(name->flags);
    const char *const flags[] = {*name->flags ? name->flags : ":2,", seen};
    if (!*name->flags && maildir_name_counts(name, newfd, file))
        return g_strdup_printf("new/%s", file);
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_autofree char *moved = g_strconcat(file, flags[i], NULL);
        if (maildir_name_counts(name, curfd, moved))
            return g_strdup_printf("cur/%s", moved);
    }
    return NULL;
}

char *maildir_name_find(const struct maildir_name *name, int newfd, int curfd)
{
    char *found = try_names(name, name->time, newfd, curfd);
    if (!found && !name->certain)
        found = try_names(name, name->time - CLOCK_STEP_SECONDS, newfd, curfd);
    if (!found && name->scan)
        found = scan_directory(name, newfd, "new");
    if (!found && name->scan)
        found = scan_directory(name, curfd, "cur");
    return found;
}

struct flag {
    const char *name;
    char letter;
};

// In the order of their letters, as maildir wants them (https://cr.yp.to/proto/maildir.html).
static const struct flag known_flags[] = {{"\\Draft", 'D'},    {"\\Flagged", 'F'},
                                          {"$Forwarded", 'P'}, {"\\Answered", 'R'},
                                          {"\\Seen", 'S'},     {"\\Deleted", 'T'}};

char *maildir_flags(const GPtrArray *flags)
{
    GString *letters = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(known_flags); i++) {
        for (guint j = 0; flags && j < flags->len; j++) {
            if (g_ascii_strcasecmp(g_ptr_array_index(flags, j), known_flags[i].name) == 0) {
                g_string_append_c(letters, known_flags[i].letter);
                break;
            }
        }
    }
    if (letters->len > 0)
        g_string_prepend(letters, ":2,");
    return g_string_free(letters, FALSE);
}
