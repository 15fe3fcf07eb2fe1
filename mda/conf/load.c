// SPDX-License-Identifier: MIT
#include "conf/load.h"

#include "base/error.h"
#include "base/log.h"

struct conf_request *conf_request(void)
{
    static struct conf_request request;
    if (!request.overrides)
        request.overrides = g_ptr_array_new_with_free_func(g_free);
    return &request;
}

char *conf_user_file(const char *home)
{
    return g_build_filename(home, ".config", "backstop", "backstop.conf", NULL);
}

// Reads PATH; that it is not there is fine unless it was asked for by name.
static bool read_one(struct conf *conf, const char *path, bool wanted, GError **err)
{
    g_autoptr(GError) why = NULL;
    if (conf_read(conf, path, &why) || (!wanted && g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE)))
        return true;
    return mda_fail(err, MDA_ERROR_CONFIG, "configuration: %s", why->message);
}

static bool read_files(struct conf *conf, const char *home, GError **err)
{
    const struct conf_request *request = conf_request();
    if (request->file)
        return read_one(conf, request->file, true, err);
    if (!read_one(conf, SYSCONFDIR "/backstop/backstop.conf", false, err))
        return false;
    g_autofree char *user_file = home && *home ? conf_user_file(home) : NULL;
    return !user_file || read_one(conf, user_file, false, err);
}

void conf_configure_log(const struct conf *conf)
{
    log_configure(conf_string(conf, CONF_LOG_DESTINATION), conf_string(conf, CONF_LOG_FACILITY),
                  conf_string(conf, CONF_LOG_LEVEL), conf_string(conf, CONF_LOG_FORMAT));
}

// Everything in its order: the later one wins.
static bool read_all(struct conf *conf, const char *home, GError **err)
{
    const struct conf_request *request = conf_request();
    conf_set_home(conf, home);
    if (request->beneath)
        conf_read_text(conf, request->beneath, request->beneath_name);
    if (!read_files(conf, home, err))
        return false;
    if (request->looked_up)
        conf_read_text(conf, request->looked_up, "user database");
    for (guint i = 0; i < request->overrides->len; i++) {
        if (!conf_assign(conf, g_ptr_array_index(request->overrides, i), "--set", err))
            return false;
    }
    return true;
}

bool conf_load_site(struct conf *conf, GError **err)
{
    if (!read_all(conf, "", err))
        return false;
    conf_configure_log(conf);
    return true;
}

bool conf_load(struct conf *conf, const char *home, GError **err)
{
    if (!read_all(conf, home ? home : g_get_home_dir(), err))
        return false;
    conf_configure_log(conf);
    const GPtrArray *warnings = conf_warnings(conf);
    for (guint i = 0; i < warnings->len; i++)
        log_line(LOG_LEVEL_WARNING, "configuration: %s",
                 (const char *)g_ptr_array_index(warnings, i));
    return conf_expand(conf, err);
}
