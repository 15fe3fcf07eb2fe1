// SPDX-License-Identifier: MIT
// libFuzzer: a mailbox that somebody else wrote, as a file (mbox) and as a folder of one message
// (MH). Every byte is seen at most once, in order, and no message is larger than asked for.
// Run in the build directory:  tests/fuzz/fuzz-mailbox DIR
#include "store/read.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 4000

struct seen {
    gint64 offset;
    guint messages;
    gsize max;
};

static char directory[] = "/tmp/fuzz-mailbox.XXXXXX";
static char *file;

static void clean_up(void)
{
    unlink(file);
    rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    g_assert(mkdtemp(directory));
    file = g_build_filename(directory, "1", NULL);
    return atexit(clean_up);
}

static bool see(GBytes *message, gint64 offset, gpointer data)
{
    struct seen *seen = data;
    g_assert(offset > seen->offset || seen->messages == 0);
    if (seen->max)
        g_assert(g_bytes_get_size(message) <= seen->max);
    seen->offset = offset;
    return ++seen->messages < 1000;
}

static guint walk(const char *path, gint64 offset, gsize max)
{
    struct seen seen = {.max = max};
    gint64 end = 0, size = 0;
    g_autoptr(GError) err = NULL;
    if (read_each_mbox(path, offset, max, see, &seen, &end, &size, &err))
        g_assert(end <= size && end >= 0);
    return seen.messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) names = NULL;
    // Mailboxes are not read through links, so it has to be a real file.
    FILE *out = fopen(file, "we");
    g_assert(out && fwrite(data, 1, size, out) == size && fclose(out) == 0);
    (void)read_kind(file);
    const guint messages = walk(file, 0, MESSAGE_MAX);
    g_assert(walk(file, 0, 0) == messages);
    (void)walk(file, (gint64)size / 2, 0);

    g_assert(read_list(directory, READ_MH, 10, &names, NULL) && names->len == 1);
    GBytes *header = read_header(directory, g_ptr_array_index(names, 0));
    GBytes *whole = read_message(directory, g_ptr_array_index(names, 0), MESSAGE_MAX);
    g_assert(header && g_bytes_get_size(header) <= size);
    g_assert(!whole == (size > MESSAGE_MAX));
    g_assert(!whole || g_bytes_get_size(whole) == size);
    g_bytes_unref(header);
    g_clear_pointer(&whole, g_bytes_unref);
    return 0;
}
