// SPDX-License-Identifier: MIT
#include "base/child.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/files.h"
#include "base/surroundings.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

// The exit statuses of shells for a program that is not there and for one that cannot be run.
enum { NOT_RUNNABLE = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

#define REAP_POLL_US 2000

struct child {
    const struct process *process;
    pid_t pid;
    int input, output; // our ends, -1: closed
    const char *data;  // what is still to be written
    gsize size;
    GString *collected;
};

// What the child that watches the program shares with us.
struct watch {
    volatile pid_t program;
};

static const struct process_witness *witness;
static struct watch *watch;

void process_set_witness(const struct process_witness *wanted)
{
    witness = wanted;
}

// In the child: starts the program in a child of its own and returns there; stays itself until that
// one ends, notes that it ended well, and ends likewise. The program stays a zombie, so that who
// inherits it from a watch that was killed still learns how it ended. Only calls that are safe
// between fork and exec.
static void watch_program(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid < 0)
        _exit(NOT_RUNNABLE);
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        return;
    }
    watch->program = pid;
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0) {
        if (errno != EINTR)
            _exit(NOT_RUNNABLE);
    }
    if (info.si_code != CLD_EXITED)
        _exit(BY_SIGNAL + info.si_status);
    if (info.si_status == 0 && pwrite(witness->fd, witness->text, witness->size, witness->offset) !=
                                   (ssize_t)witness->size)
        _exit(0); // our parent notes it too
    _exit(info.si_status);
}

// In the child, between fork and exec: only what is safe there. FED: it gets its input from us.
static G_GNUC_NORETURN void become(const struct process *process, char *const *environment,
                                   int input, int output, bool fed)
{
    if (setpgid(0, 0) != 0)
        _exit(NOT_RUNNABLE);
    if (watch)
        watch_program();
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &standard, NULL);
    sigaction(SIGXFSZ, &standard, NULL);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(nowhere, STDERR_FILENO) < 0)
        _exit(NOT_RUNNABLE);
    // Killed while it is fed, we must not leave behind a program that takes the half for the whole.
    if (fed)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    surroundings_seal();
    execve(process->path, process->argv, environment);
    _exit(errno == ENOENT ? NOT_FOUND : NOT_RUNNABLE);
}

// A program whose success is to be remembered gets its input whole, so that it does its work also
// when we are killed meanwhile. False where that cannot be had.
static bool fill_memory(const struct process *process, int *fd_r)
{
    gsize size = 0;
    const char *data = process->input ? g_bytes_get_data(process->input, &size) : "";
    mda_autofd fd = memfd_create("input", MFD_CLOEXEC);
    struct file_segment all = {data, size};
    if (fd < 0 || !files_write(fd, &all, 1, NULL) || lseek(fd, 0, SEEK_SET) != 0)
        return false;
    *fd_r = mda_steal_fd(&fd);
    return true;
}

static bool make_pipes(int in[2], int out[2], GError **err)
{
    if (pipe2(in, O_CLOEXEC) != 0)
        return mda_fail_errno(err, errno, "pipe");
    if (pipe2(out, O_CLOEXEC) != 0) {
        int code = errno;
        close(in[0]);
        close(in[1]);
        return mda_fail_errno(err, code, "pipe");
    }
    return true;
}

static bool start(struct child *child, GError **err)
{
    int in[2], out[2];
    int whole = -1;
    if (!make_pipes(in, out, err))
        return false;
    if (watch && fill_memory(child->process, &whole)) {
        close(in[0]);
        in[0] = whole;
        child->size = 0;
    }
    g_auto(GStrv) passing = surroundings_environment(true);
    char *const *environment = child->process->environment;
    child->pid = fork();
    if (child->pid == 0)
        become(child->process, environment ? environment : passing, in[0], out[1], whole < 0);
    int code = errno;
    close(in[0]);
    close(out[1]);
    child->input = in[1];
    child->output = out[0];
    if (child->pid < 0)
        return mda_fail_errno(err, code, "fork");
    if (fcntl(child->input, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(child->output, F_SETFL, O_NONBLOCK) != 0)
        return mda_fail_errno(err, errno, "fcntl");
    return true;
}

static void feed(struct child *child)
{
    ssize_t wrote = write(child->input, child->data, child->size);
    if (wrote > 0) {
        child->data += wrote;
        child->size -= (gsize)wrote;
    }
    if (child->size == 0 || (wrote < 0 && errno != EAGAIN && errno != EINTR))
        mda_close_fd(&child->input);
}

static void drain(struct child *child)
{
    char buffer[16384];
    ssize_t got = read(child->output, buffer, sizeof buffer);
    if (got > 0 && child->collected->len + (gsize)got <= child->process->output_limit)
        g_string_append_len(child->collected, buffer, got);
    else if (got >= 0 || (errno != EAGAIN && errno != EINTR))
        mda_close_fd(&child->output);
}

// Talks to the child until it closes its output and has read its input, or the time is over.
static void converse(struct child *child)
{
    if (child->size == 0)
        mda_close_fd(&child->input);
    while (child->output >= 0 || child->input >= 0) {
        struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                               {.fd = child->input, .events = POLLOUT}};
        int ready = poll(fds, G_N_ELEMENTS(fds), deadline_left(&child->process->deadline));
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return;
        if (ready > 0 && child->output >= 0 && fds[0].revents)
            drain(child);
        if (ready > 0 && child->input >= 0 && fds[1].revents)
            feed(child);
    }
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}

static pid_t wait_until(pid_t pid, const struct deadline *deadline, int *status_r)
{
    pid_t ended;
    while ((ended = waitpid(pid, status_r, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (deadline_passed(deadline))
            return 0;
        g_usleep(REAP_POLL_US);
    }
    return ended;
}

// How the program of a watch ended that did not live to tell. False when nobody knows.
static bool inherit(const struct child *child, int *status_r)
{
    pid_t program = watch ? watch->program : 0;
    if (program <= 0)
        return false;
    if (wait_until(program, &child->process->deadline, status_r) == program)
        return true;
    kill(program, SIGKILL);
    return waitpid(program, status_r, 0) == program;
}

// Waits for the child's end, in time or by force. False with *err when force was needed.
static bool reap(const struct child *child, int *status_r, GError **err)
{
    int status = 0, of_program = 0;
    if (wait_until(child->pid, &child->process->deadline, &status) == child->pid) {
        if (watch && WIFSIGNALED(status) && inherit(child, &of_program))
            status = of_program;
        *status_r = status_of(status);
        return true;
    }
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    // It may have done its work and hung on to something else.
    if (watch && inherit(child, &of_program) && WIFEXITED(of_program)) {
        *status_r = WEXITSTATUS(of_program);
        return true;
    }
    return mda_fail(err, MDA_ERROR_TEMP, "%s took too long and was stopped", child->process->path);
}

// Sets up a watch where a witness is wanted, as far as that can be had.
static void begin_watch(void)
{
    static struct watch *shared;
    if (!shared) {
        void *page =
            mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        shared = page == MAP_FAILED ? NULL : page;
    }
    watch = witness && shared && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? shared : NULL;
    if (watch)
        watch->program = 0;
}

static void end_watch(void)
{
    if (watch && watch->program > 0)
        waitpid(watch->program, NULL, WNOHANG);
    watch = NULL;
}

bool process_run(const struct process *process, int *status_r, GBytes **output_r, GError **err)
{
    g_autoptr(GString) collected = g_string_new(NULL);
    struct child child = {
        .process = process, .pid = -1, .input = -1, .output = -1, .collected = collected};
    if (process->input)
        child.data = g_bytes_get_data(process->input, &child.size);
    // Writing to a program that has left must be an errno, whatever our caller set up.
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    begin_watch();
    bool done = start(&child, err);
    if (done)
        converse(&child);
    mda_close_fd(&child.input);
    mda_close_fd(&child.output);
    if (child.pid > 0) {
        int status = 0;
        bool ended = reap(&child, &status, done ? err : NULL);
        done = done && ended;
        if (done)
            *status_r = status;
    }
    end_watch();
    sigaction(SIGPIPE, &before, NULL);
    if (done && output_r)
        *output_r = g_bytes_new(collected->str, collected->len);
    return done;
}
