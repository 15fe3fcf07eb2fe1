// SPDX-License-Identifier: MIT
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40
#define PAUSE_USEC 100000
#define PACE_SECONDS 1.0

struct progress progress_begin(bool wanted)
{
    return (struct progress){.show = wanted && isatty(STDERR_FILENO),
                             .began_at = g_get_monotonic_time()};
}

// " 1200/s, 0:35 left", when there is enough to go by.
static void show_pace(const struct progress *progress)
{
    const double seconds = (double)(g_get_monotonic_time() - progress->began_at) / G_USEC_PER_SEC;
    const double rate = seconds > 0 ? (double)progress->done / seconds : 0;
    if (seconds < PACE_SECONDS || rate <= 0)
        return;
    fprintf(stderr, "  %.0f/s", rate);
    if (progress->total > progress->done) {
        const guint left = (guint)((double)(progress->total - progress->done) / rate);
        fprintf(stderr, ", %u:%02u left", left / 60, left % 60);
    }
    fputs("   ", stderr); // over what a longer line left there
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
    show_pace(progress);
}

void progress_step(struct progress *progress)
{
    progress->done++;
    if (!progress->show || g_get_monotonic_time() - progress->shown_at < PAUSE_USEC)
        return;
    progress->shown_at = g_get_monotonic_time();
    show(progress);
}

void progress_end(struct progress *progress)
{
    if (!progress->show)
        return;
    if (progress->done == 0 && progress->total == 0)
        return;
    show(progress);
    fputc('\n', stderr);
}
