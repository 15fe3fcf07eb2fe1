// SPDX-License-Identifier: MIT
#include "cmd/mail-source.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "message/date.h"
#include "message/spool.h"
#include "store/read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Of the time in a maildir name: from 2001 on.
#define NAME_DIGITS_MIN 9
#define NAME_DIGITS_MAX 11

// A message of an mbox that is larger is cut.
#define MESSAGE_MAX_BYTES (1024 * 1024 * 1024)
#define MESSAGES_MAX 10000000

bool mail_source_read(const char *path, GBytes **bytes_r, GError **err)
{
    mda_autofd fd = files_open_argument(path, err);
    if (fd < 0)
        return false;
    if (!spool_read(fd, NULL, bytes_r, err)) {
        g_prefix_error(err, "%s: ", path);
        return false;
    }
    return true;
}

// What the visitor of an mbox hands on.
struct numbered {
    const char *path;
    mail_source_function function;
    void *data;
    guint count;
    bool more;
};

static bool visit_numbered(GBytes *bytes, gint64 offset, gpointer data)
{
    (void)offset;
    struct numbered *numbered = data;
    g_autofree char *name = g_strdup_printf("%s:%u", numbered->path, ++numbered->count);
    return numbered->more = numbered->function(name, bytes, numbered->data);
}

static bool visit_counting(GBytes *bytes, gint64 offset, gpointer data)
{
    (void)bytes, (void)offset;
    return ++*(guint *)data < 2;
}

// A file with one message is that message, a From_ line in front or not.
static bool each_of_file(const char *path, mail_source_function function, void *data, bool *more,
                         GError **err)
{
    g_autofree char *real = realpath(path, NULL);
    guint count = 0;
    gint64 end, size;
    if (real && read_kind(real) == READ_MBOX &&
        read_each_mbox(real, 0, 0, visit_counting, &count, &end, &size, NULL) && count > 1) {
        struct numbered numbered = {path, function, data, 0, true};
        const bool sound =
            read_each_mbox(real, 0, MESSAGE_MAX_BYTES, visit_numbered, &numbered, &end, &size, err);
        *more = numbered.more;
        return sound;
    }
    g_autoptr(GBytes) bytes = NULL;
    if (!mail_source_read(path, &bytes, err))
        return false;
    *more = function(path, bytes, data);
    return true;
}

// What is new in a maildir comes first.
static gint new_first(gconstpointer a, gconstpointer b)
{
    const char *first = *(const char *const *)a, *second = *(const char *const *)b;
    const int old = g_str_has_prefix(first, "cur/") - g_str_has_prefix(second, "cur/");
    return old != 0 ? old : strcmp(first, second);
}

static bool each_of_directory(const char *path, mail_source_function function, void *data,
                              GError **err)
{
    g_autofree char *real = realpath(path, NULL);
    g_autoptr(GPtrArray) names = NULL;
    if (!real)
        return mda_fail_errno(err, errno, "%s", path);
    // A directory that is named is taken whole: whatever lies in it may be a message.
    const enum read_kind kind = read_kind(real) == READ_MAILDIR ? READ_MAILDIR : READ_FILES;
    if (!read_list(real, kind, MESSAGES_MAX, &names, err))
        return false;
    g_ptr_array_sort(names, new_first);
    GError *first = NULL;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        g_autoptr(GBytes) bytes = NULL;
        GError *one = NULL;
        if (g_file_test(name, G_FILE_TEST_IS_DIR))
            continue;
        if (mail_source_read(name, &bytes, &one)) {
            if (!function(name, bytes, data))
                break;
        } else if (first) {
            g_error_free(one);
        } else {
            first = one;
        }
    }
    if (first)
        g_propagate_error(err, first);
    return first == NULL;
}

bool mail_source_each(const char *path, mail_source_function function, void *data, GError **err)
{
    if (strcmp(path, "-") == 0) {
        g_autoptr(GBytes) bytes = NULL;
        if (!spool_read(STDIN_FILENO, NULL, &bytes, err))
            return false;
        function(path, bytes, data);
        return true;
    }
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return each_of_directory(path, function, data, err);
    bool more = true;
    return each_of_file(path, function, data, &more, err);
}

// "1700000000.M1P2.host:2,S": the digits before the first dot.
static gint64 time_of_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    const gsize digits = strspn(base, "0123456789");
    return digits >= NAME_DIGITS_MIN && digits <= NAME_DIGITS_MAX && base[digits] == '.'
               ? g_ascii_strtoll(base, NULL, 10)
               : 0;
}

static gint64 time_of_trace(const struct message *message)
{
    g_autofree char *received = message_header(message, "Received", 0);
    const char *date = received ? strrchr(received, ';') : NULL;
    gint64 seconds;
    return date && date_parse(date + 1, &seconds) ? seconds : 0;
}

static gint64 time_of_file(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0 && S_ISREG(status.st_mode) ? (gint64)status.st_mtime : 0;
}

gint64 mail_source_arrived(const char *name, const struct message *message)
{
    gint64 arrived = time_of_name(name);
    if (arrived <= 0)
        arrived = time_of_trace(message);
    if (arrived <= 0)
        arrived = time_of_file(name);
    return arrived > 0 && arrived <= g_get_real_time() / G_USEC_PER_SEC ? arrived : 0;
}

// "From sender date": the sender.
static char *from_line_sender(const struct message *message)
{
    if (!message->from_line)
        return NULL;
    const char *start = message->from_line + (*message->from_line == '>' ? 6 : 5);
    gsize left = (gsize)(message->from_line + message->from_line_length - start);
    gsize length = 0;
    while (length < left && !g_ascii_isspace(start[length]))
        length++;
    g_autofree char *word = g_strndup(start, length);
    return g_strcmp0(word, "MAILER-DAEMON") == 0 ? g_strdup("") : g_steal_pointer(&word);
}

static char *address_field(const struct message *message, const char *name)
{
    g_autofree char *value = message_header(message, name, 0);
    return value ? envelope_address(value) : NULL;
}

// The same where the last delivery wrote it: what stands below a Received line is of an earlier
// one, to another account that forwards here, say.
static char *delivery_field(const struct message *message, const char *name)
{
    const struct header_field *field = message_field(message, name, 0);
    const struct header_field *received = message_field(message, "Received", 0);
    return field && (!received || field < received) ? address_field(message, name) : NULL;
}

void mail_source_envelope(const struct message *message, const struct intake_options *given,
                          struct envelope *envelope_r)
{
    // <> is the null sender; an empty option is none.
    const bool sender = given->sender && given->sender[strspn(given->sender, " \t")] != '\0';
    envelope_r->sender =
        sender ? envelope_address(given->sender) : address_field(message, "Return-Path");
    if (!envelope_r->sender)
        envelope_r->sender = from_line_sender(message);
    envelope_r->recipient = given->recipient ? envelope_address(given->recipient)
                                             : delivery_field(message, "Delivered-To");
    envelope_r->original_recipient = given->original_recipient
                                         ? envelope_address(given->original_recipient)
                                         : delivery_field(message, "X-Original-To");
}
