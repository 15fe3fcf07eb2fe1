// SPDX-License-Identifier: MIT
// Programs that an rc file runs: input and output at the same time, with a time limit.
#include "hosts/procmail-host.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/surroundings.h"
#include "base/survive.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

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

struct pipes {
    int input[2], output[2], report[2]; // report: the errno of an exec that failed
};

static void pipes_close(struct pipes *pipes)
{
    int *ends[] = {pipes->input, pipes->output, pipes->report};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        mda_close_fd(&ends[i][0]);
        mda_close_fd(&ends[i][1]);
    }
}

static bool pipes_open(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(pipes->input, O_CLOEXEC) == 0 && pipe2(pipes->output, O_CLOEXEC) == 0 &&
        pipe2(pipes->report, O_CLOEXEC) == 0)
        return true;
    pipes_close(pipes);
    return false;
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

G_NORETURN static void become_program(const struct procmail_program *program, struct pipes *pipes)
{
    survive_reset();
    dup2(pipes->input[0], STDIN_FILENO);
    if (program->output) {
        dup2(pipes->output[1], STDOUT_FILENO);
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
    ssize_t ignored = write(pipes->report[1], &code, sizeof code);
    (void)ignored;
    run_as_script(program);
    say_not_executed(program->argv[0]);
    _exit(EX_UNAVAILABLE);
}

static void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// What is being sent and read.
struct talk {
    const struct procmail_program *program;
    struct procmail_ended *ended;
    struct pipes *pipes;
    gsize sent, total; // total counts the added newline
};

static void send_some(struct talk *talk)
{
    const struct procmail_program *program = talk->program;
    while (talk->sent < talk->total) {
        bool rest = talk->sent < program->input_size;
        const char *from = rest ? program->input + talk->sent : "\n";
        gsize length = rest ? program->input_size - talk->sent : 1;
        ssize_t written = write(talk->pipes->input[1], from, length);
        if (written < 0 && errno == EINTR && !asked_to_end)
            continue;
        if (written < 0 && errno == EAGAIN)
            return;
        if (written <= 0) {
            talk->ended->write_failed = true;
            break;
        }
        talk->sent += (gsize)written;
    }
    mda_close_fd(&talk->pipes->input[1]);
}

static void read_some(struct talk *talk)
{
    char buffer[16384];
    const struct procmail_program *program = talk->program;
    ssize_t got = read(talk->pipes->output[0], buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        mda_close_fd(&talk->pipes->output[0]);
        return;
    }
    gsize room = (gsize)got;
    if (program->output_limit > 0)
        room = program->output_limit - MIN(program->output_limit, program->output->len);
    if ((gsize)got > room)
        talk->ended->excessive = true;
    g_string_append_len(program->output, buffer, (gssize)MIN((gsize)got, room));
}

// Until all is sent and read, the time is up or we are asked to end.
static void converse(struct talk *talk, struct deadline *deadline)
{
    struct pipes *pipes = talk->pipes;
    while (pipes->input[1] >= 0 || pipes->output[0] >= 0) {
        struct pollfd polled[2] = {{.fd = pipes->input[1], .events = POLLOUT},
                                   {.fd = pipes->output[0], .events = POLLIN}};
        int ready = poll(polled, 2, deadline_left(deadline));
        if (asked_to_end)
            break;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            break;
        if (polled[0].revents)
            send_some(talk);
        if (polled[1].revents)
            read_some(talk);
        if (talk->ended->excessive)
            break;
    }
    if (talk->sent < talk->total)
        talk->ended->write_failed = true;
    mda_close_fd(&pipes->input[1]);
    mda_close_fd(&pipes->output[0]);
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Looks for the end of PID until DEADLINE.
static bool wait_until(pid_t pid, const struct deadline *deadline, int *status_r)
{
    struct timespec nap = {.tv_nsec = 200 * 1000};
    for (;;) {
        pid_t ended = waitpid(pid, status_r, deadline->at == G_MAXINT64 ? 0 : WNOHANG);
        if (ended == pid)
            return true;
        if (ended < 0 && errno != EINTR) {
            *status_r = EX_OSERR << 8; // not ours any more
            return true;
        }
        if (deadline_passed(deadline) || asked_to_end)
            return false;
        if (ended == 0) {
            nanosleep(&nap, NULL);
            nap.tv_nsec = MIN(nap.tv_nsec * 2, 20 * 1000 * 1000);
        }
    }
}

static int await_until(pid_t pid, struct deadline deadline, bool *timed_out_r)
{
    int status;
    *timed_out_r = false;
    if (wait_until(pid, &deadline, &status))
        return status_of(status);
    *timed_out_r = !asked_to_end;
    kill(pid, SIGTERM);
    struct deadline mercy = deadline_in(asked_to_end ? 0 : MERCY_MS);
    if (!wait_until(pid, &mercy, &status)) {
        if (asked_to_end)
            return -SIGTERM;
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
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
    pid_t pid = fork();
    // Its steps come beside those of the parent, whose journal has no place for them.
    if (pid == 0)
        g_clear_pointer(&((struct procmail_world *)host)->journal, journal_close);
    if (pid == 0) // the parent's alarm is not ours
        survive_watchdog((unsigned)(deadline_left(&programs_end) / 1000 + COPY_SECONDS));
    return pid;
}

// The exec's failure, if it failed; waits no longer than until the program runs.
static bool could_not_run(struct pipes *pipes)
{
    int code;
    ssize_t got;
    mda_close_fd(&pipes->report[1]);
    while ((got = read(pipes->report[0], &code, sizeof code)) < 0 && errno == EINTR &&
           !asked_to_end)
        ;
    return got == (ssize_t)sizeof code;
}

static bool says_not_run(int status)
{
    return status == STATUS_NOT_EXECUTABLE || status == STATUS_NOT_FOUND;
}

static gsize total_input(const struct procmail_program *program)
{
    gsize size = program->input_size;
    bool ends_blank =
        size >= 2 && program->input[size - 1] == '\n' && program->input[size - 2] == '\n';
    return size + (program->newline && !ends_blank ? 1 : 0);
}

static void talk_to(struct talk *talk, pid_t pid)
{
    const struct procmail_program *program = talk->program;
    struct procmail_ended *ended = talk->ended;
    struct pipes *pipes = talk->pipes;
    struct deadline deadline = deadline_for(program->timeout);
    mda_close_fd(&pipes->input[0]);
    mda_close_fd(&pipes->output[1]);
    if (!program->output)
        mda_close_fd(&pipes->output[0]);
    converse(talk, &deadline);
    ended->not_run = could_not_run(pipes);
    ended->sent = ended->write_failed ? program->input_size : talk->total;
    if (program->wait != PROCMAIL_DONT_WAIT) {
        ended->status = await_until(pid, deadline, &ended->timed_out);
        ended->not_run = ended->not_run || says_not_run(ended->status);
    } else if (deadline_passed(&deadline)) {
        kill(pid, SIGTERM);
        ended->timed_out = true;
    } else {
        struct deadline soon = deadline_sooner(deadline_in(START_MS), deadline);
        int status;
        if (wait_until(pid, &soon, &status))
            ended->not_run = ended->not_run || says_not_run(status_of(status));
    }
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

void procmail_run(struct procmail_host *host, const struct procmail_program *program,
                  struct procmail_ended *ended_r)
{
    struct pipes pipes;
    *ended_r = (struct procmail_ended){0};
    if (run_dry(host, program, ended_r) || !program->argv[0] || !pipes_open(&pipes))
        return;
    // What fits into the pipe is sent first: a program that ends at once does not fail for it.
    struct talk talk = {
        .program = program, .ended = ended_r, .pipes = &pipes, .total = total_input(program)};
    set_nonblocking(pipes.input[1]);
    send_some(&talk);
    pid_t pid = fork();
    if (pid == 0)
        become_program(program, &pipes);
    if (pid > 0) {
        current_child = program->wait != PROCMAIL_DONT_WAIT || program->output ? pid : 0;
        ended_r->started = true;
        talk_to(&talk, pid);
        current_child = 0;
    }
    pipes_close(&pipes);
}
