// SPDX-License-Identifier: MIT
#include "base/process.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "base/surroundings.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

// The exit statuses of shells for a program that is not there, for one that cannot be run, and for
// one that a signal ended.
enum { NOT_RUNNABLE = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

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

// WHOLE: a file with the input, or -1.
static bool start(struct child *child, const struct process *process, int whole, GError **err)
{
    const bool fed = whole < 0;
    if (!child_open(child, fed ? CHILD_FED | CHILD_HEARD : CHILD_HEARD))
        return mda_fail_errno(err, errno, "pipe");
    g_auto(GStrv) passing = surroundings_environment(true);
    char *const *environment = process->environment;
    if (!child_fork(child))
        return mda_fail_errno(err, errno, "fork");
    if (child->pid == 0)
        become(process, environment ? environment : passing, fed ? child->fed[0] : whole,
               child->heard[1], fed);
    return true;
}

// How the program of a watch ended that did not live to tell. False when nobody knows.
static bool inherit(const struct process *process, int *status_r)
{
    pid_t program = watch ? watch->program : 0;
    return program > 0 &&
           (child_reap(program, &process->deadline, NULL, status_r) ||
            child_kill(program, false, status_r)) &&
           *status_r != CHILD_NOT_OURS;
}

// Waits for the child's end, in time or by force. False with *err when force was needed.
static bool reap(pid_t pid, const struct process *process, int *status_r, GError **err)
{
    int status = 0, of_program = 0;
    if (child_reap(pid, &process->deadline, NULL, &status)) {
        if (watch && WIFSIGNALED(status) && inherit(process, &of_program))
            status = of_program;
        *status_r = child_exit_status(status);
        return true;
    }
    (void)!child_kill(pid, true, &status);
    // It may have done its work and hung on to something else.
    if (watch && inherit(process, &of_program) && WIFEXITED(of_program)) {
        *status_r = WEXITSTATUS(of_program);
        return true;
    }
    return mda_fail(err, MDA_ERROR_TEMP, "%s took too long and was stopped", process->path);
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
    struct child child;
    struct file_segment input = {0};
    mda_autofd whole = -1;
    if (process->input)
        input.data = g_bytes_get_data(process->input, &input.size);
    // Writing to a program that has left must be an errno, whatever our caller set up.
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    begin_watch();
    if (watch && !fill_memory(process, &whole))
        whole = -1; // then it is fed
    bool done = start(&child, process, whole, err);
    if (done) {
        struct child_talk talk = {.segments = &input,
                                  .count = whole < 0 && input.size > 0,
                                  .said = collected,
                                  .limit = process->output_limit};
        child_talk(&child, &talk, &process->deadline);
        child_close(&child);
        done = reap(child.pid, process, status_r, err);
    }
    end_watch();
    sigaction(SIGPIPE, &before, NULL);
    if (done && output_r)
        *output_r = g_bytes_new(collected->str, collected->len);
    return done;
}
