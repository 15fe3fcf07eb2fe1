// SPDX-License-Identifier: MIT
// Sizes are gsize. Where a library counts in 32 bits, what does not fit ends the run (75, the mail
// waits) and is never cut; tests/layers.sh forbids the bare cast.
#pragma once

#include <glib.h>

static inline guint size_narrow(gsize size)
{
    g_assert(size <= G_MAXUINT);
    return (guint)size;
}
