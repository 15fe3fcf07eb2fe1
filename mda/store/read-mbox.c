// SPDX-License-Identifier: MIT
// Reading an mbox, line by line, so that a file of any size costs the memory of one message.
//
// Design rationale
// - A separator follows an empty line, or stands first in the file, and looks like one
//   (store/separator.c).
// - Programs that write a true Content-Length do not quote "From " lines in the text (mboxcl2). The
//   length is believed when a separator or the end of the file stands exactly behind it.
#include "store/read.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/narrow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// As much of the next lines as the judgement on a separator wants.
#define PEEK_BYTES 2048

// Collects one message.
struct collector {
    FILE *file;
    gsize max; // of the message; 0: the header alone
    GByteArray *message;
    bool begun, in_header;
    gint64 start;   // of the message that is being collected
    gint64 size;    // of the file
    gint64 covered; // up to here no separator counts: Content-Length says so
};

static bool is_empty_line(const char *line)
{
    return line[0] == '\n' || (line[0] == '\r' && line[1] == '\n');
}

// Is there a separator at byte AT of the file, or its end?
static bool is_boundary(const struct collector *collector, gint64 at)
{
    char peek[PEEK_BYTES];
    while (at < collector->size) {
        const ssize_t got = pread(fileno(collector->file), peek, sizeof peek - 1, (off_t)at);
        if (got <= 0)
            return false;
        peek[got] = '\0';
        const gsize empty = strspn(peek, "\r\n");
        const char *end = memchr(peek + empty, '\n', (gsize)got - empty);
        if (empty > 0 && (gsize)got > empty)
            at += (gint64)empty; // look again, with a whole buffer behind it
        else if (empty > 0)
            at += got;
        else
            return end && read_is_separator(peek, (gsize)(end + 1 - peek), peek + got);
    }
    return at == collector->size;
}

// Does a message really begin at AT with LINE?
static bool begins_message(const struct collector *collector, const char *line, gint64 at)
{
    return at >= collector->covered && g_str_has_prefix(line, "From ") &&
           is_boundary(collector, at);
}

static void note_length(const char *line, gint64 *length)
{
    static const char name[] = "Content-Length:";
    if (g_ascii_strncasecmp(line, name, sizeof name - 1) == 0)
        *length = g_ascii_strtoll(line + sizeof name - 1, NULL, 10);
}

static bool finish(struct collector *collector, read_visit visit, gpointer data)
{
    if (!collector->begun || collector->message->len == 0)
        return true;
    g_autoptr(GBytes) bytes = g_bytes_new(collector->message->data, collector->message->len);
    g_byte_array_set_size(collector->message, 0);
    return visit(bytes, collector->start, data);
}

static void append(struct collector *collector, const char *line, gsize length)
{
    const gsize max = collector->max ? collector->max : READ_HEADER_MAX;
    if (!collector->begun || (!collector->in_header && collector->max == 0))
        return;
    if (collector->message->len + length <= max)
        g_byte_array_append(collector->message, (const guint8 *)line, size_narrow(length));
}

// Goes through the lines from byte AT. True when VISIT wanted all that it saw.
static bool each_line(struct collector *collector, gint64 at, read_visit visit, gpointer data)
{
    char *line = NULL;
    size_t space = 0;
    ssize_t length;
    gint64 content_length = -1;
    bool after_empty = true, wanted = true;
    while ((length = getline(&line, &space, collector->file)) > 0) {
        if (after_empty && begins_message(collector, line, at)) {
            if (!(wanted = finish(collector, visit, data)))
                break;
            collector->begun = collector->in_header = true;
            collector->start = at;
            collector->covered = 0;
            content_length = -1;
            if (collector->max > 0)
                append(collector, line, (gsize)length);
        } else {
            append(collector, line, (gsize)length);
            if (collector->in_header)
                note_length(line, &content_length);
        }
        after_empty = is_empty_line(line);
        at += length;
        if (after_empty && collector->in_header) {
            collector->in_header = false;
            if (content_length > 0 && content_length <= collector->size - at &&
                is_boundary(collector, at + content_length))
                collector->covered = at + content_length;
        }
    }
    free(line);
    return wanted;
}

bool read_each_mbox(const char *path, gint64 offset, gsize max, read_visit visit, gpointer data,
                    gint64 *end_r, gint64 *size_r, GError **err)
{
    struct stat status;
    mda_autofd fd = files_open_regular(path, FILES_NO_LINK, &status, err);
    if (fd < 0)
        return false;
    if (offset > status.st_size)
        offset = 0; // it was rewritten
    g_autoptr(FILE) file = fdopen(fd, "r");
    if (!file)
        return mda_fail_errno(err, errno, "open %s", path);
    mda_steal_fd(&fd);
    if (fseeko(file, (off_t)offset, SEEK_SET) < 0)
        return mda_fail_errno(err, errno, "seek %s", path);
    *size_r = status.st_size;
    g_autoptr(GByteArray) message = g_byte_array_new();
    struct collector collector = {
        .file = file, .max = max, .message = message, .start = offset, .size = status.st_size};
    // The last one may still be growing; it is visited, and once more the next time. So is one
    // that VISIT did not want.
    if (each_line(&collector, offset, visit, data))
        finish(&collector, visit, data);
    *end_r = collector.start;
    return true;
}
