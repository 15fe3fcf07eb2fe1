// SPDX-License-Identifier: MIT
// A directory of a test's own, that goes away with it.
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

// Owned by the caller; NULL when none could be made.
static inline char *scratch_new(void)
{
    char *path = g_build_filename(g_get_tmp_dir(), "backstop-unit.XXXXXX", NULL);
    return g_mkdtemp(path);
}

static inline void scratch_remove(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *full = g_build_filename(path, name, NULL);
        if (g_file_test(full, G_FILE_TEST_IS_DIR) && !g_file_test(full, G_FILE_TEST_IS_SYMLINK))
            scratch_remove(full);
        else
            g_unlink(full);
    }
    g_rmdir(path);
}
