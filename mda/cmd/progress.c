// SPDX-License-Identifier: MIT
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40
#define PAUSE_USEC 100000

struct progress progress_begin(bool wanted)
{
    return (struct progress){.show = wanted && isatty(STDERR_FILENO)};
}

static void show(const struct progress *progress)
{
    if (progress->total > 0) {
        const int full = (int)(MIN(progress->done, progress->total) * WIDTH / progress->total);
        fprintf(stderr, "\r[%.*s%*s] %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, full,
                "########################################", WIDTH - full, "", progress->done,
                progress->total);
    } else {
        fprintf(stderr, "\r%" G_GUINT64_FORMAT, progress->done);
    }
}

void progress_step(struct progress *progress)
{
    progress->done++;
    if (!progress->show || progress->done % 50 != 0 ||
        g_get_monotonic_time() - progress->shown_at < PAUSE_USEC)
        return;
    progress->shown_at = g_get_monotonic_time();
    show(progress);
}

void progress_end(struct progress *progress)
{
    if (!progress->show)
        return;
    show(progress);
    fputc('\n', stderr);
}
