// SPDX-License-Identifier: MIT
#include "delivery/junk.h"

#include "base/error.h"
#include "base/log.h"
#include "store/store.h"

#include <string.h>

#define MILLISECONDS 1000

bool junk_policy(const struct conf *conf, struct expire_policy *policy_r, GError **err)
{
    const GPtrArray *warnings = conf_warnings(conf);
    for (guint i = 0; i < warnings->len; i++) {
        const char *warning = g_ptr_array_index(warnings, i);
        if (strstr(warning, "[junk]"))
            return mda_fail(err, MDA_ERROR_CONFIG, "nothing expires while this is wrong: %s",
                            warning);
    }
    // Rounded up: not a second too early.
    gint64 age = conf_milliseconds(conf, CONF_JUNK_EXPIRE);
    *policy_r = (struct expire_policy){
        .max_age = (age + MILLISECONDS - 1) / MILLISECONDS,
        .max_messages = (guint64)conf_number(conf, CONF_JUNK_MAX_MESSAGES),
        .max_size = (guint64)conf_number(conf, CONF_JUNK_MAX_SIZE),
        .flagged = conf_bool(conf, CONF_JUNK_EXPIRE_FLAGGED),
    };
    return true;
}

char *junk_path(const struct conf *conf, const char *folder, GError **err)
{
    g_autofree char *root = NULL;
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, err);
    if (!store)
        return NULL;
    if (strcmp(store->name, "maildir") != 0) {
        mda_fail(err, MDA_ERROR_CONFIG, "messages expire from maildirs only, and %s is of type %s",
                 root, store->name);
        return NULL;
    }
    return store->folder_path(root, folder ? folder : conf_string(conf, CONF_JUNK_FOLDER), err);
}

static bool policy_is_idle(const struct expire_policy *policy)
{
    return policy->max_age <= 0 && !policy->max_messages && !policy->max_size;
}

void junk_tidy(const struct conf *conf)
{
    struct expire_policy policy;
    struct expire_result result;
    g_autoptr(GError) err = NULL;
    if (!junk_policy(conf, &policy, NULL) || policy_is_idle(&policy))
        return; // a wrong line is reported with the other warnings
    g_autofree char *path = junk_path(conf, NULL, NULL);
    if (!path)
        return;
    if (expire_slice(path, &policy, g_get_real_time() / G_USEC_PER_SEC, EXPIRE_SLICE_ENTRIES,
                     deadline_in(EXPIRE_SLICE_MILLISECONDS), &result, &err)) {
        if (result.removed || result.stale)
            log_line(LOG_LEVEL_INFO,
                     "expired: messages=%" G_GUINT64_FORMAT ", bytes=%" G_GUINT64_FORMAT
                     ", stale=%" G_GUINT64_FORMAT ", folder=%s",
                     result.removed, result.removed_bytes, result.stale, path);
    } else if (!g_error_matches(err, MDA_ERROR, MDA_ERROR_GONE)) {
        log_line(LOG_LEVEL_WARNING, "expire: %s", err->message);
    }
}
