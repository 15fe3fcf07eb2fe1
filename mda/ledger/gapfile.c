// SPDX-License-Identifier: MIT
// The file holds GAPFILE_SLOTS lines of SLOT_BYTES: "from until" filled up with blanks, or blanks
// alone.
#include "ledger/gapfile.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "ledger.gaps"
#define SLOT_BYTES 48
#define SLOTS 64
#define FILE_BYTES (SLOT_BYTES * SLOTS)

static char *path_of(const struct conf *conf)
{
    return g_build_filename(conf_string(conf, CONF_STATE_DIRECTORY), NAME, NULL);
}

static bool is_whole(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == FILE_BYTES;
}

static bool write_slot(int fd, int slot, const struct ledger_gap *gap)
{
    char text[SLOT_BYTES + 1];
    if (gap)
        g_snprintf(text, sizeof text, "%-23" G_GINT64_FORMAT " %-23" G_GINT64_FORMAT "\n",
                   gap->from, gap->until);
    else
        g_snprintf(text, sizeof text, "%*s\n", SLOT_BYTES - 1, "");
    return pwrite(fd, text, SLOT_BYTES, (off_t)slot * SLOT_BYTES) == SLOT_BYTES;
}

// A descriptor of the file, locked; -1 with errno.
static int open_file(const struct conf *conf)
{
    g_autofree char *path = path_of(conf);
    g_autofree char *directory = g_path_get_dirname(path);
    if (!files_make_path(directory, 0700, false, NULL))
        return -1;
    mda_autofd fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        return -1;
    if (is_whole(fd))
        return mda_steal_fd(&fd);
    for (int slot = 0; slot < SLOTS; slot++) {
        if (!write_slot(fd, slot, NULL))
            return -1;
    }
    return fsync(fd) == 0 && is_whole(fd) ? mda_steal_fd(&fd) : -1;
}

void gapfile_prepare(const struct conf *conf)
{
    g_autofree char *path = path_of(conf);
    struct stat status;
    if (lstat(path, &status) == 0 && status.st_size == FILE_BYTES)
        return;
    mda_autofd fd = open_file(conf);
    (void)fd;
}

// What stands in SLOT; false when nothing does.
static bool read_slot(const char *text, int slot, struct ledger_gap *gap_r)
{
    char line[SLOT_BYTES + 1], *end;
    memcpy(line, text + slot * SLOT_BYTES, SLOT_BYTES);
    line[SLOT_BYTES] = '\0';
    if (strspn(line, " \n") == SLOT_BYTES)
        return false;
    gap_r->from = g_ascii_strtoll(line, &end, 10);
    gap_r->until = g_ascii_strtoll(end, NULL, 10);
    return true;
}

bool gapfile_add(const struct conf *conf, const struct ledger_gap *gap, GError **err)
{
    char text[FILE_BYTES];
    g_autofree char *path = path_of(conf);
    mda_autofd fd = open_file(conf);
    struct ledger_gap other, all = *gap;
    int slot = 0;
    if (fd < 0 || pread(fd, text, sizeof text, 0) != (ssize_t)sizeof text)
        return mda_fail_errno(err, errno, "%s", path);
    while (slot < SLOTS && read_slot(text, slot, &other)) {
        // Failures in a row are one gap.
        if (gap->from <= other.until + 1 && gap->until >= other.from - 1)
            break;
        slot++;
    }
    if (slot == SLOTS)
        slot = 0;
    if (read_slot(text, slot, &other))
        all = (struct ledger_gap){MIN(gap->from, other.from), MAX(gap->until, other.until)};
    if (!write_slot(fd, slot, &all) || fdatasync(fd) != 0)
        return mda_fail_errno(err, errno, "%s", path);
    return true;
}

// Is there a gap in the file that is open at FD?
static bool holds_any(int fd, char *text)
{
    struct ledger_gap gap;
    bool any = false;
    if (pread(fd, text, FILE_BYTES, 0) != FILE_BYTES)
        return false;
    for (int slot = 0; slot < SLOTS && !any; slot++)
        any = read_slot(text, slot, &gap);
    return any;
}

bool gapfile_drain(const struct conf *conf, gapfile_give give, gpointer data, GError **err)
{
    char text[FILE_BYTES];
    g_autofree char *path = path_of(conf);
    mda_autofd looked = files_open_regular(path, FILES_NO_LINK, NULL, NULL);
    if (looked < 0 || !holds_any(looked, text))
        return true;
    mda_autofd fd = open_file(conf);
    if (fd < 0 || pread(fd, text, sizeof text, 0) != (ssize_t)sizeof text)
        return mda_fail_errno(err, errno, "%s", path);
    for (int slot = 0; slot < SLOTS; slot++) {
        struct ledger_gap gap;
        if (!read_slot(text, slot, &gap))
            continue;
        if (!give(&gap, data, err))
            return false;
        if (!write_slot(fd, slot, NULL))
            return mda_fail_errno(err, errno, "%s", path);
    }
    return fdatasync(fd) == 0 || mda_fail_errno(err, errno, "%s", path);
}

void gapfile_read(const struct conf *conf, gint64 since, GArray *gaps)
{
    char text[FILE_BYTES];
    g_autofree char *path = path_of(conf);
    const struct ledger_gap always = {0, G_MAXINT64};
    g_autoptr(GError) err = NULL;
    mda_autofd fd = files_open_regular(path, FILES_NO_LINK, NULL, &err);
    if (g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE))
        return;
    if (fd < 0 || pread(fd, text, sizeof text, 0) != (ssize_t)sizeof text) {
        g_array_append_val(gaps, always);
        return;
    }
    for (int slot = 0; slot < SLOTS; slot++) {
        struct ledger_gap gap;
        if (read_slot(text, slot, &gap) && gap.until > since)
            g_array_append_val(gaps, gap);
    }
}
