// SPDX-License-Identifier: MIT
#include "base/fence.h"

#include "config.h"

#include <sys/prctl.h>

#ifdef HAVE_LINUX_LANDLOCK_H

#include "base/auto.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

// What headers older than the kernel do not name.
#define RIGHT_REFER (1ULL << 13)
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL_DEVICE (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define RULE_NET_PORT 2
#define SCOPE_ABSTRACT_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset {
    guint64 files, net, scoped;
};

struct port_rule {
    guint64 allowed, port;
};

// What a state file needs: SQLite makes, cuts and removes its -wal and -shm.
#define MAY_BELOW                                                                                  \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | RIGHT_TRUNCATE)

// Everything that changes something.
#define FENCED                                                                                     \
    (MAY_BELOW | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                      \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |  \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | RIGHT_REFER |                   \
     RIGHT_IOCTL_DEVICE)

// What the kernel's version of Landlock can fence of what FENCE asks.
static struct ruleset ruleset_for(const struct fence *fence, long abi)
{
    struct ruleset all = {.files = FENCED};
    if (abi < 2)
        all.files &= ~RIGHT_REFER;
    if (abi < 3)
        all.files &= ~RIGHT_TRUNCATE;
    if (abi < 5)
        all.files &= ~RIGHT_IOCTL_DEVICE;
    if (abi >= 4)
        all.net = NET_BIND_TCP | (fence->ports ? NET_CONNECT_TCP : 0);
    if (abi >= 6)
        all.scoped = SCOPE_SIGNAL | SCOPE_ABSTRACT_SOCKET;
    return all;
}

static bool allow(int ruleset, const char *path, guint64 rights)
{
    mda_autofd fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    return fd < 0 ||
           syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow_all(int ruleset, const struct fence *fence, const struct ruleset *fenced)
{
    if (!allow(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE))
        return false;
    for (const char *const *at = fence->writable; at && *at; at++) {
        if (!allow(ruleset, *at, MAY_BELOW & fenced->files))
            return false;
    }
    if (!(fenced->net & NET_CONNECT_TCP))
        return true;
    for (const guint16 *port = fence->ports; *port; port++) {
        struct port_rule rule = {NET_CONNECT_TCP, *port};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) != 0)
            return false;
    }
    return true;
}

static guint fence_by_landlock(const struct fence *fence)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return 0;
    struct ruleset fenced = ruleset_for(fence, abi);
    mda_autofd ruleset = (int)syscall(SYS_landlock_create_ruleset, &fenced, sizeof fenced, 0);
    if (ruleset < 0 || !allow_all(ruleset, fence, &fenced) ||
        syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        return 0;
    return FENCE_FILES | (fenced.files & RIGHT_TRUNCATE ? FENCE_TRUNCATE : 0) |
           (fenced.net & NET_CONNECT_TCP ? FENCE_CONNECT : 0) |
           (fenced.scoped & SCOPE_SIGNAL ? FENCE_SIGNALS : 0);
}

#else

static guint fence_by_landlock(const struct fence *fence)
{
    (void)fence;
    return 0;
}

#endif

guint fence_in(const struct fence *fence)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 0;
    // The list of calls comes last: it does not name Landlock's.
    guint holds = fence_by_landlock(fence);
    return holds | (fence_calls(fence->unix_sockets) ? FENCE_CALLS : 0);
}
