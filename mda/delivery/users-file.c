// SPDX-License-Identifier: MIT
// Users in a file of Dovecot's format (its passwd-file):
// user:password:uid:gid:gecos:home:shell:extra, the extra fields in words of which those with
// "userdb_" in front are for us; the password is not read. And users who are nothing but a
// directory.
#include "base/error.h"
#include "base/files.h"
#include "base/variables.h"
#include "delivery/users.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define USERS_FILE_MAX (256 * 1024 * 1024)
#define FORMAT_OPTION "username_format="

enum { FIELD_USER, FIELD_PASSWORD, FIELD_UID, FIELD_GID, FIELD_GECOS, FIELD_HOME, FIELD_SHELL };

// The line of NAME in TEXT, without its name and colon; owned by the caller, NULL when there is
// none. Of two the last counts, as with Dovecot, which reads all of them.
static char *find_line(const char *text, const char *name)
{
    const char *found = NULL;
    gsize length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, name, length) == 0 &&
            (line[length] == ':' || line[length] == '\n' || line[length] == '\r' || !line[length]))
            found = line + length;
    }
    if (!found || *name == '#' || *name == '\0')
        return NULL;
    return g_strndup(found + (*found == ':'), strcspn(found, "\r\n") - (*found == ':'));
}

static bool take_extra(const char *extra, const struct variables *values, struct mail_user *user,
                       GError **err)
{
    g_auto(GStrv) words = g_strsplit_set(extra, " \t", -1);
    for (guint i = 0; words[i]; i++) {
        char *equals = strchr(words[i], '=');
        if (!g_str_has_prefix(words[i], "userdb_"))
            continue;
        if (equals)
            *equals = '\0';
        const char *key = words[i] + strlen("userdb_");
        g_autofree char *value =
            equals ? variables_expand(equals + 1, values, err) : g_strdup("yes");
        if (!value || !users_take_field(user, key, value, err))
            return false;
    }
    return true;
}

static bool take_entry(const char *line, const struct user_query *query, struct mail_user *user,
                       GError **err)
{
    static const char *const keys[] = {
        [FIELD_UID] = "uid", [FIELD_GID] = "gid", [FIELD_HOME] = "home"};
    // The extra fields may hold colons: "userdb_mail=maildir:~/Maildir".
    g_auto(GStrv) fields = g_strsplit(line, ":", FIELD_SHELL + 1);
    for (guint i = 0; fields[i] && i + 1 < G_N_ELEMENTS(keys); i++) {
        const char *key = keys[i + 1]; // the name is gone
        if (key && *fields[i] && !users_take_field(user, key, fields[i], err))
            return false;
    }
    const struct variables values = {.user = query->name, .home = user->home};
    return g_strv_length(fields) < FIELD_SHELL + 1 ||
           take_extra(fields[FIELD_SHELL], &values, user, err);
}

static enum user_result find_in_file(const char *argument, const struct user_query *query,
                                     struct mail_user *user_r, GError **err)
{
    g_autofree char *name = g_ascii_strdown(query->name, -1);
    const struct variables values = {.user = name};
    g_autofree char *format = g_strdup("%u");
    if (g_str_has_prefix(argument, FORMAT_OPTION)) {
        gsize length = strcspn(argument, ":");
        g_free(format);
        format = g_strndup(argument + strlen(FORMAT_OPTION), length - strlen(FORMAT_OPTION));
        argument += length + (argument[length] == ':');
    }
    g_autoptr(GError) why = NULL;
    g_autofree char *path = variables_expand(argument, &values, &why);
    g_autofree char *wanted = path ? variables_expand(format, &values, &why) : NULL;
    g_autofree char *text = NULL;
    // What can be no part of a path is nobody's name either.
    if (!wanted && g_error_matches(why, MDA_ERROR, MDA_ERROR_SYNTAX))
        return USER_UNKNOWN;
    if (!wanted || !files_read(path, USERS_FILE_MAX, &text, NULL, &why)) {
        g_propagate_error(err, g_steal_pointer(&why));
        return USER_TROUBLE;
    }
    g_autofree char *line = find_line(text, wanted);
    if (!line && strcmp(name, query->name) != 0) {
        const struct variables as_given = {.user = query->name};
        g_autofree char *other = variables_expand(format, &as_given, NULL);
        line = other ? find_line(text, other) : NULL;
    }
    if (!line)
        return USER_UNKNOWN;
    user_r->name = g_steal_pointer(&name);
    if (take_entry(line, query, user_r, err))
        return USER_KNOWN;
    g_prefix_error(err, "%s: ", path);
    return USER_TROUBLE;
}

const struct user_source users_passwd_file = {.name = "passwd-file", .find = find_in_file};

// ---- A directory for each

// Whether a directory that is not there means that there is no such user is for the site to say:
// its disk may be away.
static enum user_result find_by_template(const char *argument, const struct user_query *query,
                                         struct mail_user *user_r, GError **err)
{
    g_autofree char *name = g_ascii_strdown(query->name, -1);
    const struct variables values = {.user = name};
    g_autoptr(GError) why = NULL;
    g_autofree char *home = variables_expand(argument, &values, &why);
    struct stat status;
    if (!home && g_error_matches(why, MDA_ERROR, MDA_ERROR_SYNTAX))
        return USER_UNKNOWN;
    if (!home) {
        g_propagate_error(err, g_steal_pointer(&why));
        return USER_TROUBLE;
    }
    int code = stat(home, &status) == 0 ? S_ISDIR(status.st_mode) ? 0 : ENOTDIR : errno;
    bool create = conf_choice(query->conf, CONF_USERS_MISSING_HOME) == HOME_CREATE;
    if (code == ENOENT && conf_choice(query->conf, CONF_USERS_MISSING_HOME) == HOME_REFUSE)
        return USER_UNKNOWN;
    if (code != 0 && !(code == ENOENT && create)) {
        mda_fail_errno(err, code, "home %s", home);
        return USER_TROUBLE;
    }
    user_r->name = g_steal_pointer(&name);
    user_r->home = g_steal_pointer(&home);
    return USER_KNOWN;
}

const struct user_source users_template = {.name = "template", .find = find_by_template};
