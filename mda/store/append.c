// SPDX-License-Identifier: MIT
#include "store/append.h"

#include "base/ending.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)
// What is not larger is written in one call, and looked at when it was cut short.
#define WHOLE_MAX (64 * 1024 * 1024)
#define PAGE_BYTES 4096
#define JOB_MAX 80
#define FROM_LINE_MAX 512

// What the attribute says. A part that is being taken away has no hashes: MOVING.
struct record {
    bool moving;
    off_t from, to;
    guint64 start, all; // hashes: of the bytes up to the end of the first page, of all
    char job[JOB_MAX + 1];
};

static bool read_record(int fd, struct record *record_r)
{
    char text[JOB_MAX + 120], kind;
    intmax_t from, to;
    *record_r = (struct record){0};
    if (!ending_mark_text(fd, text, sizeof text) ||
        sscanf(text, "%c %jd %jd %" SCNx64 " %" SCNx64 " %80s", &kind, &from, &to, &record_r->start,
               &record_r->all, record_r->job) != 6 ||
        from < 0 || to <= from)
        return false;
    record_r->from = (off_t)from;
    record_r->to = (off_t)to;
    record_r->moving = kind == 'm';
    return kind == 'a' || kind == 'm';
}

static bool write_record(int fd, const struct record *record)
{
    char text[JOB_MAX + 120];
    g_snprintf(text, sizeof text, "%c %jd %jd %" PRIx64 " %" PRIx64 " %s",
               record->moving ? 'm' : 'a', (intmax_t)record->from, (intmax_t)record->to,
               record->start, record->all, *record->job ? record->job : "-");
    return ending_mark_as(fd, text);
}

// FNV-1a: what is compared was not made by an enemy of the user, but cut short.
#define HASH_EMPTY G_GUINT64_CONSTANT(0xcbf29ce484222325)
static guint64 hash_more(guint64 hash, const char *data, gsize size)
{
    for (gsize i = 0; i < size; i++)
        hash = (hash ^ (guchar)data[i]) * G_GUINT64_CONSTANT(0x100000001b3);
    return hash;
}

// How many of SIZE bytes at FROM stand in the page where they begin.
static gsize in_first_page(off_t from, gsize size)
{
    return MIN(size, (gsize)(PAGE_BYTES - from % PAGE_BYTES));
}

static ssize_t read_at(int fd, char *buffer, gsize size, off_t offset)
{
    ssize_t got;
    do {
        got = pread(fd, buffer, size, offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

static bool write_at(int fd, const char *data, gsize size, off_t offset)
{
    while (size > 0) {
        ssize_t wrote = pwrite(fd, data, size, offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        data += wrote;
        size -= (gsize)wrote;
        offset += wrote;
    }
    return true;
}

// Does a line that separates messages begin at AT: "From ADDRESS DATE"?
static bool is_from_line(const char *at, const char *end)
{
    const char *stop = memchr(at, '\n', (gsize)MIN(end - at, FROM_LINE_MAX));
    const gsize length = stop ? (gsize)(stop - at) : 0;
    return length > 20 && memcmp(at, "From ", 5) == 0 && memchr(at, ':', length) != NULL &&
           g_ascii_isdigit(stop[-1]);
}

// Where another program's message begins in TEXT, which stands at FROM in the file: there the part
// of ours ends. *SURE_R: false when a line of that kind stands where nobody can tell whose it is.
static const char *find_boundary(const char *text, gsize size, off_t from, bool *sure_r)
{
    const char *end = text + size, *at = text + in_first_page(from, size);
    *sure_r = true;
    for (; at + 5 < end; at++) {
        const char *line = at;
        if (*at == '\n' && (from + (at - text)) % PAGE_BYTES == 0) // which some put in between
            line += at[1] == '\n' ? 2 : 1;
        else if (*at != 'F')
            continue;
        if (line + 5 >= end || memcmp(line, "From ", 5) != 0)
            continue;
        if (at[-1] == '\n' || (is_from_line(line, end) && (from + (at - text)) % PAGE_BYTES == 0))
            return *text == 'F' ? line : at; // nothing has to come in between there
        if (at[-1] != '>' && is_from_line(line, end))
            *sure_r = false;
    }
    return NULL;
}

enum finding { NOTHING, WHOLE, PART, STRANGE };

// What stands where RECORD says; its end becomes that of a part.
static enum finding look_at(struct record *record, const char *text, gsize size, gsize wanted)
{
    const gsize start = in_first_page(record->from, wanted);
    bool sure;
    if (size < start || hash_more(HASH_EMPTY, text, start) != record->start)
        return STRANGE; // no part is smaller
    if (size >= wanted && hash_more(HASH_EMPTY, text, wanted) == record->all)
        return WHOLE;
    const char *boundary = find_boundary(text, size, record->from, &sure);
    if (boundary ? (gsize)(boundary - text) >= wanted : size >= wanted || !sure)
        return STRANGE;
    record->to = record->from + (boundary ? boundary - text : (gssize)size);
    return PART;
}

static enum finding look(int fd, struct record *record, off_t size)
{
    const gsize wanted = (gsize)(record->to - record->from);
    if (size <= record->from)
        return NOTHING;
    if (record->moving)
        return size >= record->to ? PART : STRANGE;
    if (wanted > WHOLE_MAX)
        return STRANGE;
    // A line that begins at the very end has to be seen.
    const gsize there = MIN((gsize)(size - record->from), wanted + FROM_LINE_MAX);
    g_autofree char *text = g_malloc(there);
    for (gsize at = 0; at < there;) {
        ssize_t got = read_at(fd, text + at, there - at, record->from + (off_t)at);
        if (got <= 0)
            return STRANGE;
        at += (gsize)got;
    }
    return look_at(record, text, there, wanted);
}

// Moves SIZE bytes, at most as many as the part has, from behind it to its beginning, and the part
// with them. The bytes stay where they were until that is on the disk.
static bool move_down(int fd, struct record *part, gsize size, char *buffer)
{
    for (gsize done = 0; done < size;) {
        gsize piece = MIN(READ_BYTES, size - done);
        ssize_t got = read_at(fd, buffer, piece, part->to + (off_t)done);
        if (got <= 0 || !write_at(fd, buffer, (gsize)got, part->from + (off_t)done))
            return false;
        done += (gsize)got;
    }
    part->from += (off_t)size;
    part->to += (off_t)size;
    return fsync(fd) == 0 && write_record(fd, part);
}

static bool take_out(int fd, const char *path, struct record *part, GError **err)
{
    struct stat status;
    g_autofree char *buffer = g_malloc(READ_BYTES);
    part->moving = true;
    for (;;) {
        if (fstat(fd, &status) != 0)
            return mda_fail_errno(err, errno, "look at %s", path);
        if (status.st_size <= part->to)
            break;
        gsize piece = (gsize)MIN(status.st_size - part->to, part->to - part->from);
        if (!write_record(fd, part) || !move_down(fd, part, piece, buffer))
            return mda_fail_errno(err, errno, "%s: take out what a killed run left", path);
    }
    if (ftruncate(fd, part->from) != 0)
        return mda_fail_errno(err, errno, "%s: cut off what a killed run left", path);
    return true;
}

bool append_mend(int fd, const char *path, GError **err)
{
    struct record record;
    struct stat status;
    if (!read_record(fd, &record))
        return true;
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "look at %s", path);
    switch (look(fd, &record, status.st_size)) {
    case PART:
        if (!take_out(fd, path, &record, err) || !files_sync(fd, path, err))
            return false;
        append_settle(fd);
        break;
    case NOTHING:
        append_settle(fd);
        break;
    case STRANGE: // that a run did not end stays known
        if (!ending_mark_as(fd, ""))
            append_settle(fd);
        break;
    case WHOLE: // it may be asked for: append_has
        break;
    }
    return true;
}

bool append_has(int fd, const char *job)
{
    struct record record;
    struct stat status;
    return job && *job && read_record(fd, &record) && !record.moving &&
           strcmp(record.job, job) == 0 && fstat(fd, &status) == 0 &&
           look(fd, &record, status.st_size) == WHOLE;
}

// What goes into the record. False: a part of this message could not be told from what others
// append behind it, or is to stay.
static bool describe(const struct append *append, const char *text, gsize size, off_t from,
                     struct record *record_r)
{
    *record_r = (struct record){
        .from = from,
        .to = from + (off_t)size,
        .start = hash_more(HASH_EMPTY, text, in_first_page(from, size)),
        .all = hash_more(HASH_EMPTY, text, size),
    };
    g_strlcpy(record_r->job, append->job ? append->job : "", sizeof record_r->job);
    const gsize begin = strspn(text, "\n");
    return size > 0 && !append->keep_part &&
           !memmem(text + begin, size - begin, "\nFrom ", strlen("\nFrom "));
}

// The message in one piece; NULL: it is too large for that. Owned by the caller.
static char *join(const struct append *append, gsize *size_r)
{
    gsize size = 0;
    for (guint i = 0; i < append->count; i++)
        size += append->segments[i].size;
    *size_r = size;
    if (size > WHOLE_MAX)
        return NULL;
    char *text = g_malloc(size + 1), *at = text;
    for (guint i = 0; i < append->count; i++) {
        memcpy(at, append->segments[i].data, append->segments[i].size);
        at += append->segments[i].size;
    }
    *at = '\0';
    return text;
}

static bool write_all(const struct append *append, const char *text, gsize size, GError **err)
{
    const struct file_segment all = {text, size};
    return files_write(append->fd, text ? &all : append->segments, text ? 1 : append->count, err) &&
           (!append->sync || files_sync(append->fd, append->path, err));
}

static void take_back(struct append *append, bool recorded, off_t size, GError **err)
{
    append->cut_back = ftruncate(append->fd, size) == 0;
    if (!append->cut_back)
        g_prefix_error(err, "(and it could not be cut back to %" G_GINT64_FORMAT " bytes) ",
                       (gint64)size);
    else if (recorded)
        append_settle(append->fd);
}

bool append_message(struct append *append, GError **err)
{
    struct stat status;
    struct record record;
    gsize size;
    const int fd = append->fd;
    append->written = 0;
    append->cut_back = false;
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "look at %s", append->path);
    const bool regular = S_ISREG(status.st_mode);
    const off_t before = regular ? lseek(fd, 0, SEEK_END) : 0;
    if (before < 0)
        return mda_fail_errno(err, errno, "seek in %s", append->path);
    g_autofree char *text = join(append, &size);
    const bool recorded = regular && text && describe(append, text, size, before, &record) &&
                          write_record(fd, &record);
    if (regular && !append->keep_part)
        files_register_growth(fd, before);
    const bool done = write_all(append, text, size, err);
    files_forget_growth();
    if (done) {
        append->written = size;
        return true;
    }
    g_prefix_error(err, "%s: ", append->path);
    if (append->keep_part && regular)
        append->written = (gsize)MAX(lseek(fd, 0, SEEK_CUR) - before, 0);
    else if (regular)
        take_back(append, recorded, before, err);
    return false;
}

void append_settle(int fd)
{
    ending_unmark(fd);
}
