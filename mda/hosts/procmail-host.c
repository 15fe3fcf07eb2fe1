// SPDX-License-Identifier: MIT
// The small services: log, directory, rc files.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

// A run of the same mail that is still at work is waited for so long.
#define JOURNAL_MILLISECONDS 30000

#define LOG_MILLISECONDS 1000

static int log_patience = LOG_MILLISECONDS;

static void write_all(int fd, const char *text, gsize length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; // nowhere to tell it
        text += written;
        length -= (gsize)written;
    }
}

// A log that nobody reads (a FIFO) is waited for once.
static void log_text(struct procmail_host *host, const char *text, gsize length)
{
    (void)host;
    while (length > 0) {
        // So much goes into a pipe that is ready, or nothing.
        gsize piece = MIN(length, PIPE_BUF);
        struct pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&wait, 1, log_patience) != 1 || !(wait.revents & POLLOUT)) {
            log_patience = 0;
            return;
        }
        write_all(STDERR_FILENO, text, piece);
        text += piece;
        length -= piece;
    }
}

static void tell(const GError *why)
{
    g_autofree char *line = g_strdup_printf("procmail: %s\n", why->message);
    write_all(STDERR_FILENO, line, strlen(line));
}

static int log_open(struct procmail_host *host, const char *path)
{
    struct procmail_world *world = (struct procmail_world *)host;
    if (world->dry_run)
        return 0;
    g_autoptr(GError) why = NULL;
    errno = 0;
    mda_autofd fd =
        files_open_to_append(path, FILES_ANY_LINK, 0667, FILES_OURS_OR_ROOTS, NULL, &why);
    if (fd < 0 && g_error_matches(why, MDA_ERROR, MDA_ERROR_CONFIG)) {
        tell(why);
        return EPERM;
    }
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return errno ? errno : EIO;
    log_patience = LOG_MILLISECONDS;
    return 0;
}

static int change_directory(struct procmail_host *host, const char *path)
{
    (void)host;
    return chdir(path) == 0 ? 0 : errno;
}

static void set_mask(struct procmail_host *host, mode_t mask)
{
    ((struct procmail_world *)host)->mask = mask;
    umask(mask);
}

char *procmail_read_rc(const char *path, gsize *length_r, struct stat *status_r)
{
    g_autoptr(GError) why = NULL;
    char *text = NULL;
    if (files_read_as(path, FILES_ANY_LINK, FILES_TEXT_MAX, &text, length_r, status_r, &why))
        return text;
    // That it is not there, or a directory, is the engine's to tell, in procmail's words.
    if (!g_error_matches(why, MDA_ERROR, MDA_ERROR_GONE) && !g_file_test(path, G_FILE_TEST_IS_DIR))
        tell(why);
    return NULL;
}

static char *read_file(struct procmail_host *host, const char *path, gsize *length_r)
{
    (void)host;
    return procmail_read_rc(path, length_r, NULL);
}

static void pause_for(struct procmail_host *host, unsigned seconds)
{
    struct timespec left = {.tv_sec = seconds};
    while (!procmail_interrupted(host) && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

// Rights were given up before the first rc file was read: nothing is left to drop.
static void drop_privileges(struct procmail_host *host)
{
    (void)host;
}

static const char *host_name(void)
{
    static struct utsname name;
    return uname(&name) == 0 ? name.nodename : "localhost";
}

void procmail_world_open(struct procmail_world *world, bool dry_run)
{
    *world = (struct procmail_world){
        .host = {.log = log_text,
                 .log_open = log_open,
                 .change_directory = change_directory,
                 .set_umask = set_mask,
                 .read_file = read_file,
                 .run = procmail_run,
                 .split = procmail_split,
                 .await = procmail_await,
                 .folder_kind = procmail_folder_kind,
                 .deliver = procmail_deliver,
                 .lock = procmail_lock,
                 .unlock = procmail_unlock,
                 .pause = pause_for,
                 .interrupted = procmail_interrupted,
                 .drop_privileges = drop_privileges,
                 .host_name = host_name()},
        .output = -1,
        .dry_run = dry_run,
    };
    world->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    set_mask(&world->host, 077);
    procmail_catch_signals();
}

bool procmail_world_remember(struct procmail_world *world, const char *directory, const char *name)
{
    g_autoptr(GError) err = NULL;
    world->job = g_strdup(name);
    if (journal_open(directory, name, deadline_in(JOURNAL_MILLISECONDS), &world->journal, &err))
        return true;
    log_line(LOG_LEVEL_WARNING, "%s", err->message);
    return !g_error_matches(err, MDA_ERROR, MDA_ERROR_TEMP);
}

void procmail_world_finish(struct procmail_world *world, bool final)
{
    if (world->journal && journal_is_empty(world->journal))
        journal_forget(world->journal);
    else if (world->journal)
        journal_finish(world->journal, final);
}

void procmail_world_defer(struct procmail_world *world, bool anew)
{
    if (world->journal && (anew || journal_is_empty(world->journal)))
        journal_forget(world->journal);
}

void procmail_world_close(struct procmail_world *world)
{
    g_clear_pointer(&world->journal, journal_close);
    g_clear_pointer(&world->job, g_free);
    mda_close_fd(&world->output);
}
