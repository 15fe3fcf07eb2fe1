// SPDX-License-Identifier: MIT
#include "delivery/account.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/variables.h"
#include "conf/load.h"
#include "delivery/dovecot.h"
#include "hosts/dovecot-conf.h"
#include "store/location.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool take_home(const char *home, struct mail_user *user, GError **err)
{
    const struct variables values = {.user = user->name};
    if (!home)
        return true;
    g_free(user->home);
    user->home = variables_expand(home, &values, err);
    if (user->home && !g_path_is_absolute(user->home))
        return mda_fail(err, MDA_ERROR_CONFIG, "the home %s is no absolute path", user->home);
    return user->home != NULL;
}

// What the look-up says of the user's mail, as settings of ours.
static void take_fields(const struct mail_user *user)
{
    struct conf_request *request = conf_request();
    g_clear_pointer(&request->looked_up, g_free);
    if (user->fields)
        request->looked_up = dovecot_fields_translate(user->fields);
}

// The inbox in a spool directory where users make no files (/var/mail, of mode 2775 or 2755): root
// makes it for whom it is, with the group of the directory, which is mail's, as Debian has it. What
// cannot be done here is said by the delivery.
static void make_spool_file(const char *path, const struct mail_user *user)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    struct stat status;
    mda_autofd directory = files_open_directory(AT_FDCWD, parent, true);
    if (directory < 0 || fstat(directory, &status) != 0 || status.st_uid != 0 ||
        (status.st_mode & S_IWOTH))
        return;
    mda_autofd fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                           S_IRUSR | S_IWUSR);
    if (fd >= 0 && (fchown(fd, user->uid, status.st_gid) != 0 || fchmod(fd, 0660) != 0))
        unlinkat(directory, name, 0);
}

// SITE is changed to what it says for USER.
static void prepare_spool(struct conf *site, const struct mail_user *user)
{
    struct location location = {0};
    if (geteuid() != 0 || user->uid == 0)
        return;
    if (conf_request()->looked_up)
        conf_read_text(site, conf_request()->looked_up, "user database");
    conf_set_user(site, user->name);
    conf_set_home(site, user->home ? user->home : "");
    if (!conf_expand(site, NULL) ||
        !location_parse(conf_string(site, CONF_STORE_LOCATION), &location, NULL))
        return;
    if (g_strcmp0(location.driver, "mbox") == 0)
        make_spool_file(location.inbox ? location.inbox : location.root, user);
    location_clear(&location);
}

enum user_result account_find(const struct account_request *request, struct mail_user *user_r,
                              GError **err)
{
    enum user_result result = USER_KNOWN;
    g_autoptr(Conf) site = conf_new(NULL);
    *user_r = (struct mail_user){0};
    if (request->found && !conf_load_site(site, err))
        return USER_TROUBLE;
    if (request->found)
        user_copy(request->found, user_r);
    else if (!dovecot_load_site(site, request->service, err))
        return USER_TROUBLE;
    else if (request->user) {
        const struct user_query query = {.conf = site,
                                         .name = request->user,
                                         .local = request->local,
                                         .service = request->service};
        result = users_find(&query, user_r, err);
    } else {
        result = user_find(NULL, user_r, err);
    }
    if (result == USER_KNOWN && !take_home(request->home, user_r, err))
        result = USER_TROUBLE;
    if (result == USER_KNOWN) {
        take_fields(user_r);
        prepare_spool(site, user_r);
    }
    return result;
}

// Mail in a form that is Dovecot's alone goes to its own server.
static bool hand_onward(struct conf *conf, GError **err)
{
    static const char *const theirs[] = {"sdbox", "mdbox", "dbox", "obox", "cydir", "imapc", NULL};
    const char *location = conf_string(conf, CONF_STORE_LOCATION);
    const char *onward = conf_string(conf, CONF_STORE_ONWARD);
    g_autofree char *driver = g_strndup(location, strcspn(location, ":"));
    if (!*onward || !g_strv_contains(theirs, driver))
        return true;
    g_autofree char *assignment = g_strconcat("store.location=lmtp:", onward, NULL);
    return conf_assign(conf, assignment, "[store] onward", err);
}

// In a Maildir++ a directory with a dot in front is a folder: what we keep there has none.
static bool keep_state_apart(struct mail_user *user, struct conf *conf, GError **err)
{
    g_autofree char *root = NULL;
    const struct store *store = store_for(conf_string(conf, CONF_STORE_LOCATION), &root, NULL);
    if (!store || strcmp(store->name, "maildir") != 0)
        return user->home ||
               mda_fail(err, MDA_ERROR_CONFIG,
                        "nothing says where the home of %s is: set [users] home", user->name);
    g_autofree char *place = g_canonicalize_filename(root, NULL);
    g_autofree char *home = g_canonicalize_filename(user->home ? user->home : root, NULL);
    if (strcmp(place, home) != 0 ||
        strcmp(conf_origin(conf, CONF_STATE_DIRECTORY), "built-in") != 0)
        return true;
    g_autofree char *assignment = g_strdup_printf("state.directory=%s/backstop", place);
    return conf_assign(conf, assignment, "home is a maildir", err);
}

bool account_settings(struct mail_user *user, struct conf *conf, GError **err)
{
    conf_set_user(conf, user->name);
    if (!conf_load(conf, user->home ? user->home : "", err) || !hand_onward(conf, err) ||
        !keep_state_apart(user, conf, err))
        return false;
    if (user->home)
        return true;
    g_autofree char *root = NULL;
    if (!store_for(conf_string(conf, CONF_STORE_LOCATION), &root, err))
        return false;
    user->home = g_steal_pointer(&root);
    conf_set_home(conf, user->home);
    return (setenv("HOME", user->home, 1) == 0 ||
            mda_fail_errno(err, errno, "set the environment")) &&
           conf_expand(conf, err);
}
