// SPDX-License-Identifier: MIT
#include "lmtp/peers.h"

#include "base/address.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

static bool is_network(const char *text)
{
    g_autofree char *address = g_strndup(text, strcspn(text, "/"));
    struct ip_address parsed;
    return !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, NULL, NULL) &&
           ip_parse(address, &parsed) && (!strchr(text, '/') || strchr(text, '/')[1]);
}

static bool find_user(const char *name, uid_t *user_r, GError **err)
{
    guint64 number = 0;
    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
        *user_r = (uid_t)number;
        return true;
    }
    errno = 0;
    const struct passwd *user = getpwnam(name);
    if (!user && errno != 0 && errno != ENOENT)
        return mda_fail_errno(err, errno, "[lmtp] peers: look up %s", name);
    if (!user)
        return mda_fail(err, MDA_ERROR_CONFIG, "[lmtp] peers: %s is no user and no network", name);
    *user_r = user->pw_uid;
    return true;
}

bool lmtp_peers_parse(const char *const *list, struct lmtp_peers *peers_r, GError **err)
{
    struct lmtp_peers peers = {g_array_new(FALSE, FALSE, sizeof(uid_t)),
                               g_ptr_array_new_with_free_func(g_free)};
    for (; *list; list++) {
        uid_t user;
        if (is_network(*list)) {
            g_ptr_array_add(peers.networks, g_strdup(*list));
        } else if (find_user(*list, &user, err)) {
            g_array_append_val(peers.users, user);
        } else {
            lmtp_peers_clear(&peers);
            return false;
        }
    }
    *peers_r = peers;
    return true;
}

void lmtp_peers_clear(struct lmtp_peers *peers)
{
    g_clear_pointer(&peers->users, g_array_unref);
    g_clear_pointer(&peers->networks, g_ptr_array_unref);
}

static bool allow_user(const struct lmtp_peers *peers, int fd, char **who_r)
{
    struct ucred client;
    socklen_t size = sizeof client;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client, &size) != 0) {
        *who_r = g_strdup("a client whom the kernel does not name");
        return false;
    }
    for (guint i = 0; i < peers->users->len; i++) {
        if (g_array_index(peers->users, uid_t, i) == client.uid)
            return true;
    }
    *who_r = g_strdup_printf("a client of user %u", (unsigned)client.uid);
    return false;
}

static bool allow_address(const struct lmtp_peers *peers, const struct sockaddr_storage *address,
                          char **who_r)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct ip_address parsed;
    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text,
                  sizeof text);
    else if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
                  sizeof text);
    bool known = ip_parse(text, &parsed);
    for (guint i = 0; known && i < peers->networks->len; i++) {
        if (ip_in_network(&parsed, g_ptr_array_index(peers->networks, i)))
            return true;
    }
    *who_r = g_strdup_printf("a client at %s", known ? text : "an unknown place");
    return false;
}

bool lmtp_peers_allow(const struct lmtp_peers *peers, int fd, char **who_r)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (!peers->users || (peers->users->len == 0 && peers->networks->len == 0))
        return true;
    // The end of a socketpair has no name, and is a unix socket.
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        *who_r = g_strdup("a client that has gone");
        return false;
    }
    if (address.ss_family == AF_UNIX)
        return allow_user(peers, fd, who_r);
    size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) != 0)
        address = (struct sockaddr_storage){0};
    return allow_address(peers, &address, who_r);
}
