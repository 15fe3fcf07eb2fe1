// SPDX-License-Identifier: MIT
#include "store/move.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool move_message_file(const char *from, const char *to, GError **err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return mda_fail_errno(err, errno, "move %s", from);
    // A file system without that flag.
    if (link(from, to) != 0)
        return mda_fail_errno(err, errno, "move %s", from);
    return unlink(from) == 0 || mda_fail_errno(err, errno, "remove %s", from);
}
