// SPDX-License-Identifier: MIT
#include "store/store.h"

#include "base/error.h"
#include "base/files.h"
#include "store/location.h"
#include "store/store-list.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// How old a Received field may be and still tell the time of arrival: MTAs give up after five days.
#define ARRIVAL_TRUSTED_SECONDS (6 * 86400)
// How far the MTA's clock may be ahead of ours.
#define CLOCK_SKEW_SECONDS 60

#define X(name) extern const struct store store_##name;
STORE_LIST(X)
#undef X

static const struct store *const stores[] = {
#define X(name) &store_##name,
    STORE_LIST(X)
#undef X
};

static const struct store *by_name(const char *name, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stores); i++) {
        if (strlen(stores[i]->name) == length && strncmp(stores[i]->name, name, length) == 0)
            return stores[i];
    }
    return NULL;
}

static const struct store *by_look(const char *path)
{
    struct stat status;
    if (g_str_has_suffix(path, "/."))
        return &store_mh;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        return &store_mbox;
    return &store_maildir;
}

static const struct store *store_of(const struct location *location, GError **err)
{
    const char *driver = location->driver;
    const struct store *store = driver ? by_name(driver, strlen(driver)) : by_look(location->root);
    if (!store)
        mda_fail(err, MDA_ERROR_CONFIG,
                 "[store] location = %s:%s: mail of this kind cannot be written here: expected "
                 "maildir:PATH, mbox:PATH, mh:PATH, lmtp:unix:SOCKET, lmtp:HOST:PORT or a path",
                 driver, location->root);
    return store == &store_maildir && location->by_folders ? &store_maildir_fs : store;
}

const struct store *store_for(const char *location, char **path_r, GError **err)
{
    struct location parts;
    if (!location_parse(location, &parts, err))
        return NULL;
    const struct store *store = store_of(&parts, err);
    if (store)
        *path_r = location_join(parts.root, parts.inbox);
    location_clear(&parts);
    return store;
}

bool store_is_certain(gint64 arrival, gint64 now)
{
    gint64 age = now - arrival;
    return arrival > 0 && age >= -CLOCK_SKEW_SECONDS && age < ARRIVAL_TRUSTED_SECONDS;
}

void store_result_clear(struct store_result *result)
{
    g_clear_pointer(&result->path, g_free);
}

bool store_check_place(int fd, const char *path, const struct store_request *request, GError **err)
{
    struct stat status;
    g_autoptr(GError) why = NULL;
    if (fstat(fd, &status) != 0)
        return mda_fail_errno(err, errno, "look at %s", path);
    const bool directory = S_ISDIR(status.st_mode);
    if ((directory && (request->folder || geteuid() == 0)) ||
        files_check_ours(path, &status, directory ? FILES_OURS_OR_ROOTS : FILES_OURS, &why))
        return true;
    return mda_fail(err, MDA_ERROR_TEMP, "%s", why->message);
}

mode_t store_directory_mode(mode_t mode)
{
    return mode | ((mode & 0444) >> 2);
}
