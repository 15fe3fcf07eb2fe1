// SPDX-License-Identifier: MIT
#include "delivery/users.h"

#include "base/error.h"
#include "base/group.h"
#include "base/variables.h"
#include "delivery/users-list.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define X(suffix) extern const struct user_source users_##suffix;
USERS_LIST(X)
#undef X

static const struct user_source *const sources[] = {
#define X(suffix) &users_##suffix,
    USERS_LIST(X)
#undef X
};

// ---- Fields

static bool take_number(const char *key, const char *text, guint32 *number_r, GError **err)
{
    char *rest = NULL;
    guint64 number = g_ascii_strtoull(text, &rest, 10);
    if (!g_ascii_isdigit(*text) || *rest || number >= G_MAXUINT32)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s=%s is no number", key, text);
    *number_r = (guint32)number;
    return true;
}

// A user by name or number. False with *err.
static bool take_uid(const char *key, const char *text, uid_t *uid_r, GError **err)
{
    guint32 number = 0;
    if (g_ascii_isdigit(*text)) {
        if (!take_number(key, text, &number, err))
            return false;
        *uid_r = number;
        return true;
    }
    struct mail_user account = {0};
    bool known = user_find(text, &account, err) == USER_KNOWN;
    *uid_r = account.uid;
    user_clear(&account);
    if (!known)
        g_prefix_error(err, "%s=%s: ", key, text);
    return known;
}

// A chroot below which the home lies ("/var/vmail/./ann") is not changed to.
static char *plain_home(const char *home)
{
    g_auto(GStrv) parts = g_strsplit(home, "/./", -1);
    return g_strjoinv("/", parts);
}

bool users_take_field(struct mail_user *user, const char *key, const char *value, GError **err)
{
    if (strcmp(key, "uid") == 0)
        return take_uid(key, value, &user->uid, err);
    if (strcmp(key, "gid") == 0)
        return g_ascii_isdigit(*value) ? take_number(key, value, &user->gid, err)
                                       : group_find(value, &user->gid, err);
    if (strcmp(key, "home") == 0 && *value) {
        g_free(user->home);
        user->home = plain_home(value);
    } else if (strcmp(key, "system_groups_user") == 0) {
        g_free(user->account);
        user->account = g_strdup(value);
    } else {
        if (!user->fields)
            user->fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_hash_table_insert(user->fields, g_strdup(key), g_strdup(value));
    }
    return true;
}

// ---- What the source left open

static bool fill_home(const struct conf *conf, struct mail_user *user, GError **err)
{
    const char *template = conf_string(conf, CONF_USERS_HOME);
    const struct variables values = {.user = user->name};
    if (!user->home && *template && !(user->home = variables_expand(template, &values, err)))
        return false;
    if (!user->home)
        return true; // perhaps the place of his mail is known
    if (!g_path_is_absolute(user->home))
        return mda_fail(err, MDA_ERROR_CONFIG, "the home %s is no absolute path", user->home);
    return true;
}

static bool fill_ids(const struct conf *conf, struct mail_user *user, GError **err)
{
    const char *uid = conf_string(conf, CONF_USERS_UID), *gid = conf_string(conf, CONF_USERS_GID);
    if (user->uid == (uid_t)-1 && *uid && !users_take_field(user, "uid", uid, err))
        return false;
    if (user->gid == (gid_t)-1 && *gid && !users_take_field(user, "gid", gid, err))
        return false;
    if (user->uid == (uid_t)-1 && geteuid() != 0)
        user->uid = geteuid();
    if (user->gid == (gid_t)-1 && geteuid() != 0)
        user->gid = getegid();
    if (user->uid == (uid_t)-1 || user->gid == (gid_t)-1)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "nothing says whose files this user's mail is: set [users] uid and gid");
    if (user->uid == 0 && !user->shell)
        return mda_fail(err, MDA_ERROR_CONFIG, "a user whose files are root's gets no mail");
    return true;
}

// ---- The list

static const struct user_source *source_for(const char *word, const char **argument_r)
{
    gsize length = strcspn(word, ":");
    *argument_r = word[length] ? word + length + 1 : "";
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (strlen(sources[i]->name) == length && strncmp(sources[i]->name, word, length) == 0)
            return sources[i];
    }
    return NULL;
}

bool users_are_kept_elsewhere(const struct conf *conf)
{
    const char *const *list = conf_list(conf, CONF_USERS_SOURCE);
    return *list && (strcmp(*list, "passwd") != 0 || list[1]);
}

static enum user_result ask(const char *word, const struct user_query *query,
                            struct mail_user *user, GError **err)
{
    const char *argument = NULL;
    const struct user_source *source = source_for(word, &argument);
    *user = (struct mail_user){.uid = (uid_t)-1, .gid = (gid_t)-1};
    if (!source) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 "[users] source: %s is none of passwd, dovecot-auth:SOCKET, passwd-file:PATH, "
                 "template:HOME",
                 word);
        return USER_TROUBLE;
    }
    enum user_result result = source->find(argument, query, user, err);
    if (result == USER_KNOWN && !user->name)
        user->name = g_strdup(query->name);
    if (result == USER_KNOWN &&
        (!fill_home(query->conf, user, err) || !fill_ids(query->conf, user, err)))
        result = USER_TROUBLE;
    if (result == USER_TROUBLE)
        g_prefix_error(err, "user %s: ", query->name);
    if (result != USER_KNOWN)
        user_clear(user);
    return result;
}

enum user_result users_find(const struct user_query *query, struct mail_user *user_r, GError **err)
{
    const char *const *list = conf_list(query->conf, CONF_USERS_SOURCE);
    if (!*query->name || !*list) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 *query->name ? "[users] source is empty" : "the user's name is empty");
        return USER_TROUBLE;
    }
    for (; *list; list++) {
        g_autoptr(GError) why = NULL;
        enum user_result result = ask(*list, query, user_r, &why);
        if (result == USER_TROUBLE)
            g_propagate_error(err, g_steal_pointer(&why));
        if (result != USER_UNKNOWN)
            return result;
    }
    mda_fail(err, MDA_ERROR_CONFIG, "there is no user %s", query->name);
    return USER_UNKNOWN;
}

// ---- The system's own user database

static enum user_result find_in_passwd(const char *argument, const struct user_query *query,
                                       struct mail_user *user_r, GError **err)
{
    (void)argument;
    const char *name = query->local ? query->local : query->name;
    // Beside others it says of users with a domain what they are to it: unknown.
    if (strchr(name, '@') && users_are_kept_elsewhere(query->conf)) {
        struct passwd *entry = NULL;
        errno = 0;
        entry = getpwnam(name);
        if (!entry && (errno == 0 || errno == ENOENT))
            return USER_UNKNOWN;
    }
    return user_find(name, user_r, err);
}

const struct user_source users_passwd = {.name = "passwd", .find = find_in_passwd};
