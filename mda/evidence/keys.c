// SPDX-License-Identifier: MIT
#include "evidence/keys.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"

#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX_BYTES 65536
// 80 bits as hexadecimal digits or a little better as a sentence.
#define SECRET_MIN_BYTES 20

static void secret_free(gpointer data)
{
    struct secret *secret = data;
    g_free(secret->name);
    g_free(secret->text);
    g_free(secret);
}

static void add_line(GPtrArray *keys, char *line)
{
    g_strstrip(line);
    if (line[0] == '\0' || line[0] == '#')
        return;
    const gsize name = strcspn(line, " \t");
    struct secret *secret = g_new0(struct secret, 1);
    secret->name = line[name] ? g_strndup(line, name) : g_strdup("0");
    secret->text = g_strdup(line[name] ? g_strchug(line + name) : line);
    g_ptr_array_add(keys, secret);
}

bool keys_read(const char *path, GPtrArray **keys_r, GError **err)
{
    g_autofree char *buffer = NULL;
    if (!files_read(path, KEY_FILE_MAX_BYTES, &buffer, NULL, err))
        return false;
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(secret_free);
    g_auto(GStrv) lines = g_strsplit(buffer, "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        add_line(keys, lines[i]);
    if (keys->len == 0)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: holds no key", path);
    *keys_r = g_steal_pointer(&keys);
    return true;
}

char *keys_fault(const char *path)
{
    g_autofree char *buffer = NULL;
    g_autoptr(GPtrArray) keys = NULL;
    g_autoptr(GError) err = NULL;
    struct stat status;
    if (!files_read_as(path, FILES_ANY_LINK, KEY_FILE_MAX_BYTES, &buffer, NULL, &status, &err) ||
        !keys_read(path, &keys, &err))
        return g_strdup(err->message);
    if (status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
        return g_strdup_printf(
            "%s: others may read or write it (mode %04o); make it 0600, or 0640 for "
            "the group of the MTA",
            path, (unsigned)status.st_mode & 07777);
    for (guint i = 0; i < keys->len; i++) {
        const struct secret *secret = g_ptr_array_index(keys, i);
        if (strlen(secret->text) < SECRET_MIN_BYTES)
            return g_strdup_printf("%s: the key \"%s\" has %zu characters and can be guessed; "
                                   "`openssl rand -hex 20` makes one that cannot",
                                   path, secret->name, strlen(secret->text));
    }
    return NULL;
}

const struct secret *keys_find(const GPtrArray *keys, const char *name)
{
    for (guint i = 0; i < keys->len; i++) {
        const struct secret *secret = g_ptr_array_index(keys, i);
        if (strcmp(secret->name, name) == 0)
            return secret;
    }
    return NULL;
}

const struct secret *keys_signing(const GPtrArray *keys)
{
    return g_ptr_array_index(keys, keys->len - 1);
}

bool keys_equal(const char *a, const char *b)
{
    const gsize length = strlen(a);
    guint8 difference = 0;
    if (strlen(b) != length)
        return false;
    for (gsize i = 0; i < length; i++)
        difference |= (guint8)(a[i] ^ b[i]);
    return difference == 0;
}
