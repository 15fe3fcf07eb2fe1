// SPDX-License-Identifier: MIT
#include "delivery/user.h"

#include "base/error.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER_BUFFER_MAX (1024 * 1024)

// Looks NAME up, or UID when NAME is NULL. The strings of *ENTRY_R live in *BUFFER_R.
static int look_up(const char *name, uid_t uid, struct passwd *entry_r, char **buffer_r,
                   bool *found_r)
{
    int failed = ERANGE;
    for (gsize size = 1024; failed == ERANGE && size <= USER_BUFFER_MAX; size *= 4) {
        struct passwd *found = NULL;
        g_free(*buffer_r);
        *buffer_r = g_malloc(size);
        do {
            failed = name ? getpwnam_r(name, entry_r, *buffer_r, size, &found)
                          : getpwuid_r(uid, entry_r, *buffer_r, size, &found);
        } while (failed == EINTR);
        *found_r = found != NULL;
    }
    return failed;
}

static enum user_result from_database(const char *name, struct mail_user *user_r, GError **err)
{
    struct passwd entry;
    g_autofree char *buffer = NULL;
    bool found = false;
    int failed = look_up(name, geteuid(), &entry, &buffer, &found);
    g_autofree char *who = name ? g_strdup(name) : g_strdup_printf("uid %d", (int)geteuid());
    if (failed) {
        mda_fail_errno(err, failed, "look up user %s", who);
        return USER_TROUBLE;
    }
    // Users with a domain are kept elsewhere (a passwd-file, SQL, LDAP): that the system does not
    // know one says nothing of whether there is one, and an MTA would bounce.
    if (!found && name && strchr(name, '@')) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 "%s is no user of the system; virtual users, whom the system does not know, go by "
                 "LMTP or as backstop(1) says of -d",
                 who);
        return USER_TROUBLE;
    }
    if (!found) {
        mda_fail(err, MDA_ERROR_CONFIG, "there is no user %s", who);
        return USER_UNKNOWN;
    }
    if (!entry.pw_dir || !g_path_is_absolute(entry.pw_dir)) {
        mda_fail(err, MDA_ERROR_CONFIG, "user %s has no home directory", who);
        return USER_TROUBLE;
    }
    *user_r = (struct mail_user){
        .name = g_strdup(entry.pw_name),
        .account = g_strdup(entry.pw_name),
        .home = g_strdup(entry.pw_dir),
        .shell = g_strdup(entry.pw_shell ? entry.pw_shell : ""),
        .uid = entry.pw_uid,
        .gid = entry.pw_gid,
    };
    return USER_KNOWN;
}

// The caller's name: from the environment, which spares the user database (it may be a server on
// another host), else from the database, else the number.
static char *caller_name(void)
{
    static const char *const variables[] = {"LOGNAME", "USER"};
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return g_strdup(value);
    }
    struct mail_user user = {0};
    if (from_database(NULL, &user, NULL) != USER_KNOWN)
        return g_strdup_printf("%d", (int)geteuid());
    char *name = g_steal_pointer(&user.name);
    user_clear(&user);
    return name;
}

enum user_result user_find(const char *name, struct mail_user *user_r, GError **err)
{
    const char *home = getenv("HOME");
    if (name && *name == '\0') {
        // Nobody asked for a user of that name: something is missing in the MTA's configuration.
        mda_fail(err, MDA_ERROR_CONFIG, "the user's name is empty");
        return USER_TROUBLE;
    }
    if (name || !home || !g_path_is_absolute(home))
        return from_database(name, user_r, err);
    *user_r = (struct mail_user){
        .name = caller_name(), .home = g_strdup(home), .uid = geteuid(), .gid = getegid()};
    return USER_KNOWN;
}

void user_clear(struct mail_user *user)
{
    g_clear_pointer(&user->name, g_free);
    g_clear_pointer(&user->account, g_free);
    g_clear_pointer(&user->fields, g_hash_table_unref);
    g_clear_pointer(&user->home, g_free);
    g_clear_pointer(&user->shell, g_free);
}

void user_copy(const struct mail_user *from, struct mail_user *to_r)
{
    *to_r = (struct mail_user){
        .name = g_strdup(from->name),
        .account = g_strdup(from->account),
        .home = g_strdup(from->home),
        .shell = g_strdup(from->shell),
        .fields = from->fields ? g_hash_table_ref(from->fields) : NULL,
        .uid = from->uid,
        .gid = from->gid,
    };
}

static bool drop_gained_privileges(GError **err)
{
    if (getegid() != getgid() && setresgid(getgid(), getgid(), getgid()) != 0)
        return mda_fail_errno(err, errno, "drop the group that was gained");
    if (geteuid() != getuid() && setresuid(getuid(), getuid(), getuid()) != 0)
        return mda_fail_errno(err, errno, "drop the user that was gained");
    return true;
}

static bool become(const struct mail_user *user, GError **err)
{
    if (user->account ? initgroups(user->account, user->gid) != 0 : setgroups(1, &user->gid) != 0)
        return mda_fail_errno(err, errno, "take on the groups of %s", user->name);
    if (setresgid(user->gid, user->gid, user->gid) != 0)
        return mda_fail_errno(err, errno, "become group %d", (int)user->gid);
    if (setresuid(user->uid, user->uid, user->uid) != 0)
        return mda_fail_errno(err, errno, "become user %s", user->name);
    if (user->uid != 0 && setuid(0) == 0)
        return mda_fail(err, MDA_ERROR_TEMP, "root could be regained after becoming %s",
                        user->name);
    return true;
}

static bool set_environment(const struct mail_user *user, GError **err)
{
    if ((user->home && setenv("HOME", user->home, 1) != 0) || setenv("USER", user->name, 1) != 0 ||
        setenv("LOGNAME", user->name, 1) != 0)
        return mda_fail_errno(err, errno, "set the environment");
    return true;
}

bool user_become(const struct mail_user *user, GError **err)
{
    if (geteuid() == 0 && getuid() == 0) {
        if (user->uid != 0 && !become(user, err))
            return false;
    } else if (!drop_gained_privileges(err)) {
        return false;
    } else if (user->uid != geteuid()) {
        return mda_fail(err, MDA_ERROR_TEMP, "only root can deliver for another user (%s)",
                        user->name);
    }
    return set_environment(user, err);
}
