// SPDX-License-Identifier: MIT
#include "base/clock.h"

struct deadline deadline_in(gint64 milliseconds)
{
    if (milliseconds < 0)
        return (struct deadline){.at = G_MAXINT64};
    return (struct deadline){.at = g_get_monotonic_time() + milliseconds * 1000};
}

int deadline_left(const struct deadline *deadline)
{
    if (deadline->at == G_MAXINT64)
        return G_MAXINT;
    gint64 left = (deadline->at - g_get_monotonic_time() + 999) / 1000;
    return (int)CLAMP(left, 0, G_MAXINT);
}

bool deadline_passed(const struct deadline *deadline)
{
    return deadline_left(deadline) == 0;
}

struct deadline deadline_sooner(struct deadline a, struct deadline b)
{
    return a.at < b.at ? a : b;
}
