// SPDX-License-Identifier: MIT
// Design rationale:
// - Names are read, files are not: 100,000 of them are looked at without one stat.
// - Number and size limits need two passes: the first collects times and sizes (16 bytes each),
//   which gives the time at which to cut; the second removes by that time. No list of names is
//   kept, and what arrives between the passes is younger than the cut.
// - A slice resumes at the directory offset where the last one ended. Linux's file systems keep
//   such offsets across opens (ext4: the hash of the name; xfs, btrfs, tmpfs: a key of the entry).
//   Where one does not, an offset is wrong only in where the round goes on: entries are then met in
//   another round, and every entry is judged by its own name.
#include "store/expire.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "store/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALE_SECONDS (36 * 60 * 60) // maildir(5): how long a file may take to be written
#define EARLIEST_TIME 631152000      // 1990: before maildirs; a smaller number is no time
#define DEADLINE_EVERY 64            // entries between two looks at the clock
#define STATE_FILE "backstop-expire" // where a large folder's round is to go on
// Part, inode of its directory, offset; after a whole round PART_COUNT, 0 and the time of its end.
#define STATE_FORMAT "1 %d %ju %lld\n"
#define STATE_SIZE 64

enum part { PART_NEW, PART_CUR, PART_TMP, PART_COUNT };
static const char *const part_names[PART_COUNT] = {"new", "cur", "tmp"};

// One message as the limits see it.
struct weight {
    gint64 time;
    guint64 size;
};

// Where a round stands. part == PART_COUNT: at its end.
struct expire_place {
    int part;
    ino_t inode;
    long offset; // 0: the beginning
};

struct round {
    const struct expire_policy *policy;
    gint64 now;
    gint64 cut;      // messages of this time or older are beyond the limits; G_MININT64: none is
    guint64 spared;  // so many of exactly that time stay
    GArray *weights; // the first pass: collected, nothing removed. NULL: the second
    guint entries;   // left of the slice
    struct deadline deadline;
    expire_visit *visit;
    void *data;
    struct expire_result result;
};

gint64 expire_name_time(const char *name)
{
    char *end;
    errno = 0;
    if (!g_ascii_isdigit(name[0]))
        return -1;
    gint64 time = g_ascii_strtoll(name, &end, 10);
    return errno || *end != '.' || time < EARLIEST_TIME ? -1 : time;
}

static const char *flags_of(const char *name)
{
    // ':' is the standard's; ';' and '!' are what programs write where ':' cannot be in a name.
    const char *comma = g_strrstr(name, "2,");
    return comma && comma > name && strchr(":;!", comma[-1]) ? comma + 2 : "";
}

bool expire_name_has_flag(const char *name, char flag)
{
    return strchr(flags_of(name), flag) != NULL;
}

gint64 expire_name_size(const char *name)
{
    const char *size = strstr(name, ",S=");
    if (!size || !g_ascii_isdigit(size[3]))
        return -1;
    errno = 0;
    gint64 bytes = g_ascii_strtoll(size + 3, NULL, 10);
    return errno ? -1 : bytes;
}

// Everything that is known of one directory entry; STATED tells whether status is filled in.
struct entry {
    int dirfd;
    enum part part;
    const struct dirent *dirent;
    bool stated;
    struct stat status;
};

static bool entry_stat(struct entry *entry)
{
    if (!entry->stated)
        entry->stated =
            fstatat(entry->dirfd, entry->dirent->d_name, &entry->status, AT_SYMLINK_NOFOLLOW) == 0;
    return entry->stated;
}

static bool entry_is_file(struct entry *entry)
{
    if (entry->dirent->d_type == DT_UNKNOWN)
        return entry_stat(entry) && S_ISREG(entry->status.st_mode);
    return entry->dirent->d_type == DT_REG;
}

// False when it vanished meanwhile.
static bool entry_time(struct entry *entry, gint64 now, gint64 *time_r)
{
    gint64 time = expire_name_time(entry->dirent->d_name);
    if (time < 0) {
        if (!entry_stat(entry))
            return false;
        time = entry->status.st_mtime;
    }
    *time_r = MIN(time, now);
    return true;
}

static guint64 entry_size(struct entry *entry)
{
    gint64 size = expire_name_size(entry->dirent->d_name);
    if (size >= 0)
        return (guint64)size;
    return entry_stat(entry) ? (guint64)entry->status.st_size : 0;
}

// Removes ENTRY, or says that it would. True when it is gone by our hand (or would be).
static bool entry_remove(struct round *round, struct entry *entry, gint64 age)
{
    const char *name = entry->dirent->d_name;
    guint64 size = entry_size(entry);
    if (!round->policy->dry_run && unlinkat(entry->dirfd, name, 0) < 0) {
        if (errno != ENOENT && round->result.failed++ == 0)
            log_line(LOG_LEVEL_WARNING, "expire: %s/%s: %s", part_names[entry->part], name,
                     g_strerror(errno));
        return false;
    }
    if (round->visit) {
        g_autofree char *path = g_build_filename(part_names[entry->part], name, NULL);
        round->visit(path, age, size, round->data);
    }
    if (entry->part != PART_TMP)
        round->result.removed_bytes += size;
    return true;
}

// Nobody has written or read it for 36 hours: what was writing it is gone.
static void examine_temporary(struct round *round, struct entry *entry)
{
    if (round->weights || !entry_stat(entry) || !S_ISREG(entry->status.st_mode))
        return;
    gint64 touched = MAX(entry->status.st_mtime, entry->status.st_atime);
    if (round->now - touched > STALE_SECONDS && entry_remove(round, entry, round->now - touched))
        round->result.stale++;
}

static bool is_beyond_limits(struct round *round, gint64 time)
{
    if (time != round->cut)
        return time < round->cut;
    if (round->spared == 0)
        return true;
    round->spared--;
    return false;
}

static void examine_message(struct round *round, struct entry *entry)
{
    const struct expire_policy *policy = round->policy;
    gint64 time;
    if (!entry_is_file(entry) || !entry_time(entry, round->now, &time))
        return;
    if (!round->weights)
        round->result.seen++;
    if (!policy->flagged && expire_name_has_flag(entry->dirent->d_name, 'F'))
        return;
    gint64 age = round->now - time;
    bool old = policy->max_age > 0 && age >= policy->max_age;
    if (round->weights) {
        struct weight weight = {time, policy->max_size ? entry_size(entry) : 0};
        if (!old)
            g_array_append_val(round->weights, weight);
    } else if ((old || is_beyond_limits(round, time)) && entry_remove(round, entry, age)) {
        round->result.removed++;
    }
}

// Is there something left to spend?
static bool round_may_go_on(struct round *round)
{
    if (round->entries == 0)
        return false;
    round->entries--;
    return round->entries % DEADLINE_EVERY != 0 || !deadline_passed(&round->deadline);
}

// Looks at the entries of DIR from PLACE on. *ENDED_R tells whether that was all of them; if not,
// PLACE says where to go on.
static bool walk_entries(struct round *round, DIR *dir, struct expire_place *place, bool *ended_r,
                         GError **err)
{
    struct entry entry = {.dirfd = dirfd(dir), .part = place->part};
    for (;;) {
        place->offset = telldir(dir);
        *ended_r = false;
        if (!round_may_go_on(round))
            return true;
        errno = 0;
        entry.dirent = readdir(dir);
        entry.stated = false;
        *ended_r = entry.dirent == NULL;
        if (*ended_r)
            return errno == 0 || mda_fail_errno(err, errno, "read %s", part_names[place->part]);
        if (entry.dirent->d_name[0] == '.')
            continue;
        if (place->part == PART_TMP)
            examine_temporary(round, &entry);
        else
            examine_message(round, &entry);
    }
}

// Reads one of the three directories. One that is not there is empty; so is a link in its place.
static bool walk_part(struct round *round, int folder, struct expire_place *place, bool *ended_r,
                      GError **err)
{
    const char *name = part_names[place->part];
    mda_autofd fd = files_open_directory(folder, name, false);
    if (fd < 0) {
        *ended_r = true;
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
               mda_fail_errno(err, errno, "open %s", name);
    }
    struct stat status;
    g_autoptr(DIR) dir = fstat(fd, &status) < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return mda_fail_errno(err, errno, "read %s", name);
    mda_steal_fd(&fd); // it is the stream's now
    if (place->offset && place->inode == status.st_ino)
        seekdir(dir, place->offset);
    place->inode = status.st_ino;
    return walk_entries(round, dir, place, ended_r, err);
}

// Walks from PLACE to the end of the folder or of what may be spent; PLACE then says where.
static bool walk(struct round *round, int folder, struct expire_place *place, GError **err)
{
    bool ended = true;
    while (ended && place->part < PART_COUNT) {
        if (!walk_part(round, folder, place, &ended, err))
            return false;
        if (ended)
            *place = (struct expire_place){.part = place->part + 1};
    }
    return true;
}

static int newest_first(gconstpointer a, gconstpointer b)
{
    const struct weight *left = a, *right = b;
    return (left->time < right->time) - (left->time > right->time);
}

// Sets the time at which the limits cut, from what the first pass collected.
static void round_set_cut(struct round *round)
{
    const struct expire_policy *policy = round->policy;
    const GArray *weights = round->weights;
    g_array_sort(round->weights, newest_first);
    guint64 sum = 0;
    guint kept = 0;
    for (; kept < weights->len; kept++) {
        sum += g_array_index(weights, struct weight, kept).size;
        if (policy->max_messages && kept >= policy->max_messages)
            break;
        if (policy->max_size && sum > policy->max_size && kept > 0)
            break;
    }
    if (kept == weights->len)
        return;
    round->cut = g_array_index(weights, struct weight, kept).time;
    while (kept > 0 && g_array_index(weights, struct weight, kept - 1).time == round->cut) {
        kept--;
        round->spared++;
    }
}

static bool policy_has_limits(const struct expire_policy *policy)
{
    return policy->max_messages || policy->max_size;
}

// The first pass, when limits ask for one. Nothing is cut unless it saw the whole folder.
static bool measure(struct round *round, int folder, GError **err)
{
    if (!policy_has_limits(round->policy))
        return true;
    g_autoptr(GArray) weights = g_array_new(FALSE, FALSE, sizeof(struct weight));
    struct expire_place place = {0};
    guint entries = round->entries;
    round->weights = weights;
    bool fine = walk(round, folder, &place, err);
    if (fine && place.part == PART_COUNT)
        round_set_cut(round);
    round->weights = NULL;
    round->entries = entries;
    return fine;
}

static int open_folder(const char *path, GError **err)
{
    // A trailing slash would make the kernel follow a link.
    g_autofree char *trimmed = g_strdup(path);
    for (gsize length = strlen(trimmed); length > 1 && trimmed[length - 1] == '/'; length--)
        trimmed[length - 1] = '\0';
    // Root is told paths through the homes of others, who could lead her elsewhere.
    int fd = files_open_directory_by_steps(trimmed);
    if (fd >= 0)
        return fd;
    if (errno == EPERM) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s leads through a symbolic link of another user", path);
        return -1;
    }
    if (errno == ENOENT)
        mda_fail(err, MDA_ERROR_GONE, "there is no folder %s", path);
    else if (errno == ELOOP || errno == ENOTDIR)
        mda_fail(err, MDA_ERROR_GONE, "%s is no directory, or a symbolic link", path);
    else
        mda_fail_errno(err, errno, "open %s", path);
    return -1;
}

// Tells the quota of the maildir above, or of this one when it is no folder of another, what went.
static void note_in_quota(int folder, const char *path, const struct round *round)
{
    const bool below = faccessat(folder, "maildirfolder", F_OK, 0) == 0;
    g_autofree char *root = below ? g_path_get_dirname(path) : g_strdup(path);
    if (round->result.removed > 0 && !round->policy->dry_run)
        quota_change(root, -(gint64)round->result.removed_bytes, -(gint64)round->result.removed);
}

bool expire_folder(const char *path, const struct expire_policy *policy, gint64 now,
                   expire_visit *visit, void *data, struct expire_result *result_r, GError **err)
{
    mda_autofd folder = open_folder(path, err);
    if (folder < 0)
        return false;
    struct round round = {
        .policy = policy,
        .now = now,
        .cut = G_MININT64,
        .entries = G_MAXUINT,
        .deadline = deadline_in(-1),
        .visit = visit,
        .data = data,
    };
    struct expire_place place = {0};
    const bool walked = measure(&round, folder, err) && walk(&round, folder, &place, err);
    note_in_quota(folder, path, &round);
    if (!walked) {
        g_prefix_error(err, "%s: ", path);
        return false;
    }
    round.result.whole = true;
    *result_r = round.result;
    return true;
}

// Opens a large folder's state and locks it. -1 with errno ENOENT: the folder has none;
// EWOULDBLOCK: another process is at work. Anything but a small file of our own is left alone.
static int state_open(int folder, int flags)
{
    mda_autofd fd =
        openat(folder, STATE_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags, 0600);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return -1;
    if (!S_ISREG(status.st_mode) || status.st_nlink > 1 || status.st_size >= STATE_SIZE) {
        errno = EINVAL;
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return -1;
    return mda_steal_fd(&fd);
}

// Where to go on. What cannot be read means: at the beginning. False: the last round ended so
// lately that none is due.
static bool state_read(int fd, gint64 now, struct expire_place *place)
{
    char text[STATE_SIZE + 1] = "";
    uintmax_t inode;
    long long offset;
    int part;
    if (pread(fd, text, STATE_SIZE, 0) < 0 ||
        sscanf(text, STATE_FORMAT, &part, &inode, &offset) != 3 || part < 0 || part > PART_COUNT)
        return true;
    if (part == PART_COUNT)
        return now < offset || now - offset >= EXPIRE_SLICE_PAUSE;
    *place = (struct expire_place){part, (ino_t)inode, (long)offset};
    return true;
}

// Not synced: an old or lost state costs a part of a round.
static void state_write(int fd, const struct expire_place *place, gint64 now)
{
    char text[STATE_SIZE];
    int length = snprintf(text, sizeof text, STATE_FORMAT, place->part, (uintmax_t)place->inode,
                          place->part == PART_COUNT ? (long long)now : (long long)place->offset);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) != length)
        log_line(LOG_LEVEL_DEBUG, "expire: " STATE_FILE ": %s", g_strerror(errno));
}

// After a slice: large folders get or keep their state, a small one needs none.
static void state_keep(int folder, int *state, bool is_small, const struct expire_place *place,
                       gint64 now)
{
    if (is_small) {
        if (*state >= 0)
            unlinkat(folder, STATE_FILE, 0);
        return;
    }
    if (*state < 0)
        *state = state_open(folder, O_CREAT);
    if (*state >= 0)
        state_write(*state, place, now);
}

bool expire_slice(const char *path, const struct expire_policy *policy, gint64 now, guint entries,
                  struct deadline deadline, struct expire_result *result_r, GError **err)
{
    *result_r = (struct expire_result){0};
    mda_autofd folder = open_folder(path, err);
    if (folder < 0)
        return false;
    struct round round = {
        .policy = policy,
        .now = now,
        .cut = G_MININT64,
        .entries = MAX(entries, 1),
        .deadline = deadline,
    };
    struct expire_place place = {0};
    mda_autofd state = state_open(folder, 0);
    if (state < 0 && errno == EWOULDBLOCK)
        return true;
    if (state >= 0 && !state_read(state, now, &place))
        return true;
    bool at_start = place.part == 0 && place.offset == 0;
    const bool walked =
        (!at_start || measure(&round, folder, err)) && walk(&round, folder, &place, err);
    note_in_quota(folder, path, &round);
    if (!walked) {
        g_prefix_error(err, "%s: ", path);
        return false;
    }
    round.result.whole = at_start && place.part == PART_COUNT;
    bool is_small = round.result.whole && round.result.seen <= EXPIRE_SMALL_FOLDER;
    if (!policy->dry_run)
        state_keep(folder, &state, is_small, &place, now);
    *result_r = round.result;
    return true;
}
