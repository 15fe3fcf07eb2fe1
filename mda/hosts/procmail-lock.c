// SPDX-License-Identifier: MIT
// Lock files of rc files.
//
// Design rationale:
// - A lock holds who made it, in no more bytes than procmail takes for a lock: one whose owner on
//   this host is dead is taken over at once and not only after LOCKTIMEOUT.
// - It has no name before it is whole (store/draft.h), so a run that is killed leaves no other
//   file.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/lock.h"
#include "store/draft.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

// A file that is no longer than this may be a lock, and be broken.
#define LOCK_SIZE_MAX 16

// Process ids mean something on one host, between two boots and in one space of such ids.
static guint32 space_of_ids(const struct procmail_host *host)
{
    char space[64] = "";
    g_autofree char *boot = NULL;
    gsize size;
    ssize_t length = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    (void)length;
    (void)!files_read("/proc/sys/kernel/random/boot_id", 64, &boot, &size, NULL);
    g_autofree char *text = g_strdup_printf("%s %s %s", host->host_name, space, boot ? boot : "");
    return g_str_hash(text);
}

static bool owner_is_dead(const struct procmail_host *host, const char *path)
{
    char text[LOCK_SIZE_MAX + 1], *end = NULL;
    mda_autofd fd = files_open_regular(path, FILES_NO_LINK, NULL, NULL);
    ssize_t got = fd >= 0 ? read(fd, text, LOCK_SIZE_MAX) : -1;
    text[MAX(got, 0)] = '\0';
    gint64 pid = g_ascii_strtoll(text, &end, 10);
    if (pid <= 1 || pid > G_MAXINT || *end != '@' ||
        g_ascii_strtoull(end + 1, NULL, 16) != space_of_ids(host))
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

// Links the lock; takes one away that a dead run left. 0 or an errno.
static int take(const struct procmail_host *host, struct draft *draft, const char *name,
                const char *path, struct stat *held_r)
{
    int code = draft_link(draft, draft->dirfd, name);
    if (code != EEXIST)
        return code;
    if (lstat(path, held_r) != 0)
        return errno == ENOENT ? draft_link(draft, draft->dirfd, name) : EEXIST;
    if (held_r->st_size > LOCK_SIZE_MAX || !S_ISREG(held_r->st_mode) || !owner_is_dead(host, path))
        return EEXIST;
    g_autofree char *aside = g_strdup_printf("%s.%ld", path, (long)getpid());
    return lock_move_away(path, aside, held_r->st_ino) ? draft_link(draft, draft->dirfd, name)
                                                       : EEXIST;
}

// Made without a name and linked, which also works over NFS; the time is the file system's, so that
// clocks that differ do not break a lock early.
int procmail_lock(struct procmail_host *host, const char *path, gint64 *age_r)
{
    struct stat made, held = {0};
    struct draft draft = DRAFT_NONE;
    *age_r = -1;
    if (((struct procmail_world *)host)->dry_run)
        return 0;
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    mda_autofd dirfd = files_open_directory(AT_FDCWD, directory, true);
    if (dirfd < 0 || !draft_open(&draft, dirfd, directory, "_", 0444, NULL))
        return errno ? errno : EIO;
    g_autofree char *text =
        g_strdup_printf("%ld@%08" G_GINT32_MODIFIER "x", (long)getpid(), space_of_ids(host));
    const struct file_segment all = {text, MIN(strlen(text), LOCK_SIZE_MAX)};
    int code = draft_write(&draft, &all, 1, false, NULL) && fstat(draft.fd, &made) == 0 ? 0 : errno;
    if (code == 0)
        code = take(host, &draft, name, path, &held);
    if (code == EEXIST && held.st_size <= LOCK_SIZE_MAX && S_ISREG(held.st_mode))
        *age_r = (gint64)(made.st_mtime - held.st_mtime);
    draft_drop(&draft);
    return code;
}

int procmail_unlock(struct procmail_host *host, const char *path)
{
    if (((struct procmail_world *)host)->dry_run)
        return 0;
    return unlink(path) == 0 ? 0 : errno;
}
