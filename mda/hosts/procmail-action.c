// SPDX-License-Identifier: MIT
// Programs that an rc file gives the message to, each once: what one did well is noted in the
// journal, and the retry of a run that was killed leaves it out.
//
// Design rationale:
// - Between the end of a program and the note we may be killed. So a process of its own, the
//   watcher, feeds the program, waits for it and makes the note: whoever is killed, the other
//   knows.
// - The watcher holds the journal's lock, as we do: the retry waits for it.
// - A program that nobody waits for is watched until it ends all the same, so that it never takes a
//   part of the message for the whole when the watcher is killed.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

// What a program may still take when its watcher was killed.
#define INHERITED_MS 30000

// The name of the action that is under way: the retry runs the same rc file on the same mail.
static char *step_name(const struct procmail_world *world, const struct procmail_program *program)
{
    g_autofree char *words = g_strjoinv("\n", (char **)program->argv);
    return g_strdup_printf("program %u %s", world->actions, words);
}

static bool went_well(const struct procmail_program *program, const struct procmail_ended *ended)
{
    return ended->started && !ended->not_run && !ended->timed_out &&
           (!ended->write_failed || program->ignore_errors) &&
           (program->wait == PROCMAIL_DONT_WAIT || ended->status == 0);
}

static void note(const struct procmail_world *world, const char *step)
{
    g_autoptr(GError) err = NULL;
    if (!journal_note(world->journal, step, true, &err))
        log_line(LOG_LEVEL_WARNING, "%s", err->message);
}

// The watcher's life. TOLD: where it says that all is known.
static G_GNUC_NORETURN void watch_program(struct procmail_world *world,
                                          const struct procmail_program *program, const char *step,
                                          struct procmail_watch *watch, int told)
{
    procmail_run_program(program, watch, &watch->ended);
    watch->over = true;
    if (went_well(program, &watch->ended))
        note(world, step);
    if (write(told, "", 1) != 1)
        _exit(1);
    // From here on nobody waits for us, nor for what we have open.
    g_clear_pointer(&world->journal, journal_close);
    mda_close_fd(&told);
    const struct deadline never = {G_MAXINT64};
    int status, nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; nowhere >= 0 && fd <= 2; fd++)
        dup2(nowhere, fd);
    if (watch->program > 0)
        (void)!child_reap(watch->program, &never, NULL, &status);
    _exit(0);
}

// The watcher was killed: what it left is ours to wait for.
static void inherit(const struct procmail_watch *watch, struct procmail_ended *ended)
{
    const struct deadline deadline = deadline_in(INHERITED_MS);
    int status = 0;
    if (watch->over || watch->program <= 0)
        return;
    *ended = (struct procmail_ended){.started = true, .status = -SIGKILL};
    if (!child_reap(watch->program, &deadline, NULL, &status)) {
        (void)!child_kill(watch->program, false, &status);
        return;
    }
    if (status != CHILD_NOT_OURS)
        ended->status = child_exit_status(status);
    ended->write_failed = ended->status != 0;
    ended->not_run = ended->status != 0; // nothing is known of what it read
}

static void hear(int told)
{
    char byte;
    ssize_t got;
    do {
        got = read(told, &byte, 1);
    } while (got < 0 && errno == EINTR);
}

// Starts the watcher and waits until it knows all, or has died.
static bool run_watched(struct procmail_world *world, const struct procmail_program *program,
                        const char *step, struct procmail_watch *watch)
{
    int told[2];
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || pipe2(told, O_CLOEXEC) != 0)
        return false;
    struct child watcher;
    if (!child_start(&watcher, CHILD_APART)) {
        close(told[0]);
        close(told[1]);
        return false;
    }
    if (watcher.pid == 0) {
        close(told[0]);
        watch_program(world, program, step, watch, told[1]);
    }
    close(told[1]);
    procmail_watch_over(program->wait != PROCMAIL_DONT_WAIT ? watcher.pid : 0);
    hear(told[0]);
    procmail_watch_over(0);
    close(told[0]);
    return true;
}

void procmail_act(struct procmail_host *host, const struct procmail_program *program,
                  struct procmail_ended *ended_r)
{
    struct procmail_world *world = (struct procmail_world *)host;
    g_autoptr(GError) err = NULL;
    world->actions++;
    g_autofree char *step = step_name(world, program);
    if (journal_has(world->journal, step)) {
        static const char said[] = "procmail: Done by an earlier run: ";
        g_autofree char *line = g_strconcat(said, program->argv[0], "\n", NULL);
        host->log(host, line, strlen(line));
        *ended_r = (struct procmail_ended){.started = true, .sent = program->input_size};
        return;
    }
    struct procmail_watch *watch =
        mmap(NULL, sizeof *watch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (watch == MAP_FAILED || !run_watched(world, program, step, watch)) {
        procmail_run_program(program, NULL, ended_r);
    } else {
        *ended_r = watch->ended;
        inherit(watch, ended_r);
        if (!journal_look(world->journal, &err))
            log_line(LOG_LEVEL_WARNING, "%s", err->message);
    }
    if (went_well(program, ended_r))
        note(world, step);
    if (watch != MAP_FAILED)
        munmap(watch, sizeof *watch);
}
