// SPDX-License-Identifier: MIT
#include "base/module.h"

#include "base/error.h"
#include "config.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Only what was installed is looked at: no variable, and nothing beside the program.
static bool installed;

void module_from_installed(void)
{
    installed = true;
}

static char *program_directory(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    return g_path_get_dirname(path);
}

static void *open_in(const char *directory, const char *file)
{
    g_autofree char *path = g_build_filename(directory, file, NULL);
    return access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

static void *open_module(const char *name, GError **err)
{
    g_autofree char *file = g_strdup_printf("backstop-%s.so", name);
    g_autofree char *beside = installed ? NULL : program_directory();
    const char *named = installed ? NULL : secure_getenv("BACKSTOP_MODULE_DIR");
    const char *places[] = {named, beside, PKGLIBDIR};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        void *handle = places[i] ? open_in(places[i], file) : NULL;
        if (handle)
            return handle;
    }
    const char *why = dlerror();
    mda_fail(err, MDA_ERROR_TEMP, "module %s could not be loaded: %s", file,
             why ? why : "it is not in " PKGLIBDIR);
    return NULL;
}

const struct module_head *module_load(const char *name, GError **err)
{
    static GHashTable *loaded;
    if (!loaded)
        loaded = g_hash_table_new(g_str_hash, g_str_equal);
    const struct module_head *head = g_hash_table_lookup(loaded, name);
    if (head)
        return head;
    void *handle = open_module(name, err);
    if (!handle)
        return NULL;
    head = dlsym(handle, G_STRINGIFY(MODULE_SYMBOL));
    if (!head || strcmp(head->version, PACKAGE_VERSION) != 0) {
        mda_fail(err, MDA_ERROR_TEMP, "module backstop-%s.so is of another version (%s, not %s)",
                 name, head ? head->version : "none", PACKAGE_VERSION);
        dlclose(handle);
        return NULL;
    }
    g_hash_table_insert(loaded, g_strdup(name), (gpointer)head);
    return head;
}
