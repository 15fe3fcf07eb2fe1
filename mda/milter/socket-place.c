// SPDX-License-Identifier: MIT
#include "milter/socket-place.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/group.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#define POSTFIX_GROUP "postfix"
#define PLACE_IN_QUEUE MILTER_QUEUE "/backstop/milter"
#define PLACE_ELSEWHERE "/run/backstop-milter/milter"
// New files get the group of the directory: the milter needs not be in it.
#define DIRECTORY_MODE (S_ISGID | 0750)

const char *milter_default_socket(void)
{
    struct stat queue;
    bool postfix = stat(MILTER_QUEUE, &queue) == 0 && S_ISDIR(queue.st_mode);
    return postfix ? "unix:" PLACE_IN_QUEUE : "unix:" PLACE_ELSEWHERE;
}

char *milter_socket(const struct conf *conf, const char *given)
{
    const char *set = conf_string(conf, CONF_MILTER_SOCKET);
    return g_strdup(given ? given : *set ? set : milter_default_socket());
}

// libmilter takes "unix:", "local:" and a bare path for a file.
const char *milter_socket_file(const char *socket)
{
    static const char *const prefixes[] = {"unix:", "local:"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(socket, prefixes[i]))
            return socket + strlen(prefixes[i]);
    }
    return *socket == '/' ? socket : NULL;
}

bool milter_is_open(const char *socket)
{
    return !milter_socket_file(socket);
}

static bool find_group(const struct conf *conf, struct milter_place *place, GError **err)
{
    const char *name = conf_string(conf, CONF_MILTER_SOCKET_GROUP);
    if (*name) {
        place->has_group = true;
        return group_find(name, &place->group, err);
    }
    const struct group *postfix = geteuid() == 0 ? getgrnam(POSTFIX_GROUP) : NULL;
    place->has_group = postfix != NULL;
    place->group = postfix ? postfix->gr_gid : 0;
    return true;
}

static bool find_mode(const struct conf *conf, mode_t *mode_r, GError **err)
{
    const char *text = conf_string(conf, CONF_MILTER_SOCKET_MODE);
    char *rest = NULL;
    guint64 mode = g_ascii_strtoull(text, &rest, 8);
    if (!*text || *rest || mode > 0777)
        return mda_fail(err, MDA_ERROR_CONFIG, "[milter] socket-mode: %s is no octal mode", text);
    *mode_r = (mode_t)mode;
    return true;
}

// Gives the directory that is made here its owner, group and mode.
static bool hand_over(const char *directory, const struct milter_place *place, uid_t owner,
                      GError **err)
{
    mda_autofd fd = files_open_directory(AT_FDCWD, directory, false);
    gid_t group = place->has_group ? place->group : (gid_t)-1;
    if (fd < 0 || ((owner != (uid_t)-1 || place->has_group) && fchown(fd, owner, group) != 0) ||
        fchmod(fd, DIRECTORY_MODE) != 0)
        return mda_fail_errno(err, errno, "directory %s", directory);
    return true;
}

// A directory that is there is somebody's: only one of our own is touched.
static bool make_directory(const char *file, const struct milter_place *place, uid_t owner,
                           GError **err)
{
    struct stat status;
    g_autofree char *directory = g_path_get_dirname(file);
    g_autofree char *above = g_path_get_dirname(directory);
    if (lstat(directory, &status) == 0) {
        bool ours = strcmp(file, PLACE_IN_QUEUE) == 0 || strcmp(file, PLACE_ELSEWHERE) == 0;
        if (!S_ISDIR(status.st_mode) || (status.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
            return mda_fail(err, MDA_ERROR_CONFIG,
                            "%s is no directory, or one that everybody can write to", directory);
        return !ours || geteuid() != 0 || hand_over(directory, place, owner, err);
    }
    return files_make_path(above, 0755, false, err) &&
           files_make_directory(AT_FDCWD, directory, 0700, false, err) &&
           hand_over(directory, place, owner, err);
}

// A path, with or without "unix:" or "local:"; "inet:PORT", "inet:PORT@HOST", the same with inet6.
static bool is_socket(const char *socket)
{
    const char *file = milter_socket_file(socket);
    const bool net = g_str_has_prefix(socket, "inet:") || g_str_has_prefix(socket, "inet6:");
    const char *port = net ? strchr(socket, ':') + 1 : "";
    const gsize digits = strspn(port, "0123456789");
    return file ? *file != '\0'
                : digits > 0 && digits <= 5 && g_ascii_strtoull(port, NULL, 10) <= G_MAXUINT16 &&
                      (port[digits] == '\0' || (port[digits] == '@' && port[digits + 1]));
}

bool milter_prepare(const struct conf *conf, const char *given, uid_t owner,
                    struct milter_place *place_r, GError **err)
{
    struct milter_place place = {.socket = milter_socket(conf, given)};
    const char *file = milter_socket_file(place.socket);
    if (!is_socket(place.socket)) {
        mda_fail(err, MDA_ERROR_CONFIG,
                 "\"%s\" is no socket to listen at (%s): unix:PATH, inet:PORT@HOST or "
                 "inet6:PORT@HOST",
                 place.socket, given ? "--socket" : conf_origin(conf, CONF_MILTER_SOCKET));
        milter_place_clear(&place);
        return false;
    }
    if (!find_mode(conf, &place.mode, err) || !find_group(conf, &place, err) ||
        (file && !make_directory(file, &place, owner, err))) {
        milter_place_clear(&place);
        return false;
    }
    place.has_group = place.has_group && file;
    *place_r = place;
    return true;
}

void milter_place_clear(struct milter_place *place)
{
    g_clear_pointer(&place->socket, g_free);
}
