// SPDX-License-Identifier: MIT
#include "base/notify.h"

#include "base/auto.h"
#include "base/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *text_of(enum notify_state state)
{
    switch (state) {
    case NOTIFY_READY:
        return g_strdup("READY=1");
    case NOTIFY_RELOADING: // the manager tells one reload from the other by the time
        return g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
                               g_get_monotonic_time());
    case NOTIFY_STOPPING:
        break;
    }
    return g_strdup("STOPPING=1");
}

void notify_manager(enum notify_state state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    const size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (*path == '@') // a name that is no file
        address.sun_path[0] = '\0';
    g_autofree char *text = text_of(state);
    mda_autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                         (const struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
        log_line(LOG_LEVEL_WARNING, "the service manager at %s cannot be told: %s", path,
                 g_strerror(errno));
}
