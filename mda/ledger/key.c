// SPDX-License-Identifier: MIT
// The key file holds 64 hexadecimal digits and a line end.
#include "ledger/key.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool ledger_key_random(guint8 *bytes, GError **err)
{
    gsize have = 0;
    while (have < LEDGER_KEY_BYTES) {
        const ssize_t got = getrandom(bytes + have, LEDGER_KEY_BYTES - have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return mda_fail_errno(err, errno, "getrandom");
        have += (gsize)got;
    }
    return true;
}

static bool parse(const char *path, const char *text, gsize length, GBytes **key_r, GError **err)
{
    guint8 bytes[LEDGER_KEY_BYTES];
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length != 2 * sizeof bytes)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: holds no key (64 hexadecimal digits)", path);
    for (gsize i = 0; i < sizeof bytes; i++) {
        const int high = g_ascii_xdigit_value(text[2 * i]);
        const int low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return mda_fail(err, MDA_ERROR_CONFIG, "%s: holds no key", path);
        bytes[i] = (guint8)(high << 4 | low);
    }
    *key_r = g_bytes_new(bytes, sizeof bytes);
    return true;
}

static bool read_key(const char *path, GBytes **key_r, GError **err)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    return files_read_as(path, FILES_NO_LINK, 4 * LEDGER_KEY_BYTES, &text, &length, NULL, err) &&
           parse(path, text, length, key_r, err);
}

// Makes PATH whole or not at all; one that another process made first stays.
static bool make_key(const char *path, GError **err)
{
    guint8 bytes[LEDGER_KEY_BYTES];
    if (!ledger_key_random(bytes, err))
        return false;
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < sizeof bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    g_string_append_c(text, '\n');
    g_autofree char *data = g_string_free(text, FALSE);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    if (!files_make_path(directory, 0700, false, err))
        return false;
    mda_autofd fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return mda_fail_errno(err, errno, "open %s", temporary);
    const struct file_segment segment = {data, strlen(data)};
    bool made = files_write(fd, &segment, 1, err) && files_sync(fd, temporary, err);
    if (made && link(temporary, path) < 0 && errno != EEXIST)
        made = mda_fail_errno(err, errno, "link %s", path);
    unlink(temporary);
    return made;
}

bool ledger_key_read(const char *path, bool create, GBytes **key_r, bool *made_r, GError **err)
{
    g_autoptr(GError) missing = NULL;
    if (made_r)
        *made_r = false;
    if (read_key(path, key_r, &missing))
        return true;
    if (!create || !g_error_matches(missing, MDA_ERROR, MDA_ERROR_GONE)) {
        g_propagate_error(err, g_steal_pointer(&missing));
        return false;
    }
    if (made_r)
        *made_r = true;
    return make_key(path, err) && read_key(path, key_r, err);
}
