// SPDX-License-Identifier: MIT
// Programs that an rc file runs: input and output at the same time, with a time limit.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/surroundings.h"
#include "base/survive.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>

// From being asked to end to being ended.
#define MERCY_MS 5000
// How long a program that nobody waits for may take to find that it cannot be run.
#define START_MS 5000
// The statuses of a shell, and of env, nice, timeout and their like, for what they cannot run
// (POSIX XCU 2.8.2).
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

// What a copy of this process has beyond the time of programs.
#define COPY_SECONDS 20

static struct deadline programs_end = {G_MAXINT64};
static volatile sig_atomic_t asked_to_end;
static volatile pid_t current_child;

static void on_end(int signal_number)
{
    asked_to_end = signal_number;
    if (current_child > 0)
        kill(current_child, SIGTERM);
}

bool procmail_interrupted(struct procmail_host *host)
{
    (void)host;
    return asked_to_end;
}

void procmail_catch_signals(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    struct sigaction action = {.sa_handler = on_end};
    sigemptyset(&action.sa_mask);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &action, NULL);
}

int procmail_begin_end(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    int asked = asked_to_end;
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], SIG_IGN);
    asked_to_end = 0;
    return asked;
}

static void say_not_executed(const char *name)
{
    g_autofree char *text = g_strdup_printf("procmail: Failed to execute \"%s\"\n", name);
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

// procmail's last resort; it also says in the log what is wrong with the program.
static void run_as_script(const struct procmail_program *program)
{
    guint count = g_strv_length((char **)program->argv);
    char **argv = g_new0(char *, count + 2);
    argv[0] = (char *)"/bin/sh";
    memcpy(argv + 1, program->argv, count * sizeof *argv);
    execv(argv[0], argv);
    g_free(argv);
}

G_NORETURN static void become_program(const struct procmail_program *program, struct child *child,
                                      int report, pid_t watcher)
{
    survive_reset();
    // Killed while it feeds it, a watcher must not leave a program that takes the half for the
    // whole.
    if (watcher > 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != watcher))
        _exit(EX_OSERR);
    dup2(child->fed[0], STDIN_FILENO);
    if (program->output) {
        dup2(child->heard[1], STDOUT_FILENO);
    } else if (program->output_to_log) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
    } else {
        mda_autofd null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
    }
    surroundings_seal();
    environ = (char **)program->environment;
    execvp(program->argv[0], program->argv);
    int code = errno;
    ssize_t ignored = write(report, &code, sizeof code);
    (void)ignored;
    run_as_script(program);
    say_not_executed(program->argv[0]);
    _exit(EX_UNAVAILABLE);
}

static int status_of(int status)
{
    return status != CHILD_NOT_OURS && WIFSIGNALED(status) ? -WTERMSIG(status)
                                                           : child_exit_status(status);
}

static int await_until(pid_t pid, struct deadline deadline, bool *timed_out_r)
{
    int status;
    *timed_out_r = false;
    if (child_reap(pid, &deadline, &asked_to_end, &status))
        return status_of(status);
    *timed_out_r = !asked_to_end;
    kill(pid, SIGTERM);
    struct deadline mercy = deadline_in(asked_to_end ? 0 : MERCY_MS);
    if (!child_reap(pid, &mercy, &asked_to_end, &status)) {
        if (asked_to_end)
            return -SIGTERM;
        (void)!child_kill(pid, false, &status);
    }
    return status_of(status);
}

void procmail_limit_programs(struct deadline deadline)
{
    programs_end = deadline;
}

static struct deadline deadline_for(unsigned seconds)
{
    return deadline_sooner(programs_end, deadline_in(seconds ? (gint64)seconds * 1000 : -1));
}

int procmail_await(struct procmail_host *host, pid_t pid, unsigned timeout, bool *timed_out_r)
{
    (void)host;
    current_child = pid;
    int status = await_until(pid, deadline_for(timeout), timed_out_r);
    current_child = 0;
    return status;
}

pid_t procmail_split(struct procmail_host *host)
{
    struct child copy;
    pid_t pid = child_start(&copy, CHILD_APART) ? copy.pid : -1;
    // Its steps come beside those of the parent, whose journal has no place for them.
    if (pid == 0)
        g_clear_pointer(&((struct procmail_world *)host)->journal, journal_close);
    if (pid == 0) // the parent's alarm is not ours
        survive_watchdog((unsigned)(deadline_left(&programs_end) / 1000 + COPY_SECONDS));
    return pid;
}

// Did the exec fail? Waits no longer than until the program runs.
static bool could_not_run(int report)
{
    int code;
    ssize_t got;
    while ((got = read(report, &code, sizeof code)) < 0 && errno == EINTR && !asked_to_end)
        ;
    return got == (ssize_t)sizeof code;
}

static bool says_not_run(int status)
{
    return status == STATUS_NOT_EXECUTABLE || status == STATUS_NOT_FOUND;
}

// A message that does not end in an empty line gets one where the action asks for it.
static bool wants_newline(const struct procmail_program *program)
{
    const gsize size = program->input_size;
    return program->newline &&
           !(size >= 2 && program->input[size - 1] == '\n' && program->input[size - 2] == '\n');
}

static void await_program(const struct procmail_program *program, pid_t pid,
                          struct deadline deadline, struct procmail_ended *ended)
{
    if (program->wait != PROCMAIL_DONT_WAIT) {
        ended->status = await_until(pid, deadline, &ended->timed_out);
        ended->not_run = ended->not_run || says_not_run(ended->status);
    } else if (deadline_passed(&deadline)) {
        kill(pid, SIGTERM);
        ended->timed_out = true;
    } else {
        struct deadline soon = deadline_sooner(deadline_in(START_MS), deadline);
        int status;
        if (child_reap(pid, &soon, &asked_to_end, &status))
            ended->not_run = ended->not_run || says_not_run(status_of(status));
    }
}

static void talk_to(struct child *child, struct child_talk *talk, int report,
                    const struct procmail_program *program, struct procmail_ended *ended)
{
    struct deadline deadline = deadline_for(program->timeout);
    if (!program->output)
        mda_close_fd(&child->heard[0]);
    ended->excessive = child_talk(child, talk, &deadline) == CHILD_VERBOSE;
    child_close(child);
    ended->write_failed = !child_is_fed(talk);
    ended->not_run = could_not_run(report);
    ended->sent =
        ended->write_failed ? program->input_size : program->input_size + wants_newline(program);
    await_program(program, child->pid, deadline, ended);
}

static bool run_dry(struct procmail_host *host, const struct procmail_program *program,
                    struct procmail_ended *ended_r)
{
    // A condition or a value decides what happens next and is run; an action is only told.
    if (!((struct procmail_world *)host)->dry_run || program->output ||
        program->wait == PROCMAIL_WAIT_QUIETLY)
        return false;
    g_autofree char *line = g_strjoinv(" ", (char **)program->argv);
    g_autofree char *text = g_strdup_printf("would run: %s\n", line);
    host->log(host, text, strlen(text));
    ended_r->started = true;
    return true;
}

void procmail_watch_over(pid_t pid)
{
    current_child = pid;
}

void procmail_run_program(const struct procmail_program *program, struct procmail_watch *watch,
                          struct procmail_ended *ended_r)
{
    const struct file_segment input[] = {{program->input, program->input_size}, {"\n", 1}};
    struct child_talk talk = {
        .segments = input,
        .count = wants_newline(program) ? 2 : 1,
        .said = program->output,
        .limit = program->output_limit > 0 ? program->output_limit : G_MAXSIZE,
        .ends_at_limit = true,
        .stop = &asked_to_end,
    };
    struct child child;
    int report[2]; // the errno of an exec that failed
    const pid_t watcher = watch ? getpid() : 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        return;
    if (child_open(&child, CHILD_FED | CHILD_HEARD)) {
        // What fits into the pipe is sent first: a program that ends at once does not fail for it.
        child_feed(&child, &talk);
        if (child_fork(&child)) {
            if (child.pid == 0)
                become_program(program, &child, report[1], watcher);
            if (watch)
                watch->program = child.pid;
            current_child = program->wait != PROCMAIL_DONT_WAIT || program->output ? child.pid : 0;
            ended_r->started = true;
            mda_close_fd(&report[1]);
            talk_to(&child, &talk, report[0], program, ended_r);
            current_child = 0;
        }
    }
    mda_close_fd(&report[0]);
    mda_close_fd(&report[1]);
}

void procmail_run(struct procmail_host *host, const struct procmail_program *program,
                  struct procmail_ended *ended_r)
{
    *ended_r = (struct procmail_ended){0};
    if (run_dry(host, program, ended_r) || !program->argv[0])
        return;
    procmail_record_mailed((struct procmail_world *)host, program);
    if (program->action && ((struct procmail_world *)host)->journal)
        procmail_act(host, program, ended_r);
    else
        procmail_run_program(program, NULL, ended_r);
}
