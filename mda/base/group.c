// SPDX-License-Identifier: MIT
#include "base/group.h"

#include "base/error.h"

#include <errno.h>
#include <grp.h>

bool group_find(const char *name, gid_t *group_r, GError **err)
{
    guint64 number = 0;
    if (g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
        *group_r = (gid_t)number;
        return true;
    }
    errno = 0;
    const struct group *group = getgrnam(name);
    if (!group && errno != 0 && errno != ENOENT)
        return mda_fail_errno(err, errno, "look up group %s", name);
    if (!group)
        return mda_fail(err, MDA_ERROR_CONFIG, "there is no group %s", name);
    *group_r = group->gr_gid;
    return true;
}
