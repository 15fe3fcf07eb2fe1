// SPDX-License-Identifier: MIT
#include "ledger/heartbeat.h"

#include "base/clock.h"
#include "base/log.h"
#include "ledger/ledger.h"

#include <signal.h>
#include <sys/utsname.h>

#define BEAT_MS 5000
// Half of what is promised.
#define PAUSE_SECONDS (LEDGER_ALIVE_SECONDS / 2)
// While something is missing: a report on it may come at once.
#define PAUSE_MISSING_SECONDS 1

static struct {
    const struct conf *conf;
    char *name;
    GThread *thread;
    GMutex mutex;
    GCond wake;
    bool over;
    bool begun;          // it was said that we are there
    gint64 missing_from; // 0: nothing is missing
    guint missed;        // counts, so that what is missed while the gap is written is not forgotten
} heart;

// False with *err when it could not be said.
static bool beat(GError **err)
{
    g_mutex_lock(&heart.mutex);
    const gint64 from = heart.missing_from;
    const guint missed = heart.missed;
    g_mutex_unlock(&heart.mutex);
    g_autoptr(Ledger) ledger = NULL;
    if (!ledger_open(heart.conf, LEDGER_WRITE, deadline_in(BEAT_MS), &ledger, err) ||
        (from && !ledger_add_gap(ledger, from, g_get_real_time() / G_USEC_PER_SEC, err)) ||
        !ledger_alive(ledger, heart.name, !heart.begun, err))
        return false;
    heart.begun = true;
    g_mutex_lock(&heart.mutex);
    if (heart.missed == missed)
        heart.missing_from = 0;
    g_mutex_unlock(&heart.mutex);
    return true;
}

static void try_to_beat(bool *told)
{
    g_autoptr(GError) err = NULL;
    const bool done = beat(&err);
    if (!done && !*told)
        log_line(LOG_LEVEL_WARNING, "%s: the ledger takes no records; it has a gap from now on: %s",
                 heart.name, err->message);
    else if (done && *told)
        log_line(LOG_LEVEL_INFO, "%s: the ledger takes records again", heart.name);
    *told = !done;
}

// With the mutex held.
static void pause_until_next(void)
{
    const gint64 from = g_get_monotonic_time();
    bool waited = false;
    while (!heart.over && !waited) {
        const gint64 pause = heart.missing_from ? PAUSE_MISSING_SECONDS : PAUSE_SECONDS;
        waited = !g_cond_wait_until(&heart.wake, &heart.mutex, from + pause * G_USEC_PER_SEC);
    }
}

static gpointer run(gpointer data)
{
    (void)data;
    sigset_t all;
    sigfillset(&all); // signals are for those who serve
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    bool told = false, over = false;
    while (!over) {
        try_to_beat(&told);
        g_mutex_lock(&heart.mutex);
        pause_until_next();
        over = heart.over;
        g_mutex_unlock(&heart.mutex);
    }
    try_to_beat(&told);
    return NULL;
}

void heartbeat_begin(const struct conf *conf, const char *who)
{
    struct utsname host;
    heart.conf = conf;
    heart.name = g_strdup_printf("%s %s", who, uname(&host) == 0 ? host.nodename : "localhost");
    heart.thread = g_thread_new("heartbeat", run, NULL);
}

void heartbeat_missed(gint64 from)
{
    g_mutex_lock(&heart.mutex);
    heart.missing_from = heart.missing_from ? MIN(heart.missing_from, from) : from;
    heart.missed++;
    g_cond_signal(&heart.wake);
    g_mutex_unlock(&heart.mutex);
}

void heartbeat_end(void)
{
    g_mutex_lock(&heart.mutex);
    heart.over = true;
    g_cond_signal(&heart.wake);
    g_mutex_unlock(&heart.mutex);
    g_thread_join(heart.thread);
    g_clear_pointer(&heart.name, g_free);
}
