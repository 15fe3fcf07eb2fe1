// SPDX-License-Identifier: MIT
#include "base/fence.h"

#include "config.h"

#ifdef HAVE_LINUX_LANDLOCK_H

#include "base/auto.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// What a state file needs: SQLite makes and removes its -wal and -shm.
#define MAY_BELOW                                                                                  \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR)

// What is fenced: everything of the first version of Landlock that changes something.
#define FENCED                                                                                     \
    (MAY_BELOW | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                      \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |  \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool allow(int ruleset, const char *path, guint64 rights)
{
    mda_autofd fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    return fd < 0 ||
           syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool fence_writes(const char *const *directories)
{
    struct landlock_ruleset_attr fenced = {.handled_access_fs = FENCED};
    mda_autofd ruleset = (int)syscall(SYS_landlock_create_ruleset, &fenced, sizeof fenced, 0);
    if (ruleset < 0 || !allow(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE))
        return false;
    for (; *directories; directories++) {
        if (!allow(ruleset, *directories, MAY_BELOW))
            return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

#else

bool fence_writes(const char *const *directories)
{
    (void)directories;
    return false;
}

#endif
