// SPDX-License-Identifier: MIT
// Runs a program and makes one system call of it, or of a process that it starts, go wrong:
//
//   inject -l LIST -- PROGRAM...               every call of ours, one a line: PROCESS NUMBER COUNT
//   inject -x PROCESS:NUMBER:COUNT -s SIGNAL   that call gets the signal instead (KILL: at once)
//   inject -x PROCESS:NUMBER:COUNT -e ERRNO    that call is not made and fails so
//   inject -x PROCESS:NUMBER:COUNT -h          that write takes half
//
// Processes count from 0 in the order in which they were made, calls per process and number. Only
// programs count whose name begins with "backstop": what they start (a shell, a test's sendmail) is
// left alone. Also what is linked statically is seen. Status: the program's; 128 and the number of
// the signal that ended it.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define PROCESSES 128
#define CALLS 512
#define OPTIONS                                                                                    \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

enum mend { NO_MEND, MEND_RESULT, MEND_SIZE };

static struct process {
    pid_t pid;
    int number;
    int ours, begun, known, held; // known: whose child it is
    enum mend mend;
    long size;
    unsigned counts[CALLS];
} processes[PROCESSES];
static int process_count;

static struct {
    FILE *list;
    int process, call, signal, error, half;
    unsigned count;
    int fired;
} want = {.process = -1};

static struct process *find(pid_t pid)
{
    for (int i = 0; i < process_count; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    if (process_count == PROCESSES)
        exit(98);
    struct process *process = &processes[process_count];
    *process = (struct process){.pid = pid, .number = process_count};
    process_count++;
    return process;
}

static int is_ours(pid_t pid)
{
    char link[64], target[4096];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(link, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(target, '/');
    return name && strncmp(name + 1, "backstop", 8) == 0;
}

#ifdef __x86_64__
static void poke(pid_t pid, size_t offset, long value)
{
    ptrace(PTRACE_POKEUSER, pid, offset, value);
}
#define CALL_NUMBER offsetof(struct user_regs_struct, orig_rax)
#define CALL_RESULT offsetof(struct user_regs_struct, rax)
#define THIRD_ARGUMENT offsetof(struct user_regs_struct, rdx)
#else
static void poke(pid_t pid, size_t offset, long value)
{
    (void)pid, (void)offset, (void)value;
    exit(97);
}
#define CALL_NUMBER 0
#define CALL_RESULT 0
#define THIRD_ARGUMENT 0
#endif

// True when the process is gone.
static int fire(struct process *process, const struct ptrace_syscall_info *info)
{
    want.fired = 1;
    if (want.signal)
        kill(process->pid, want.signal);
    if (want.signal == SIGKILL)
        return 1;
    if (want.error) {
        process->mend = MEND_RESULT;
        poke(process->pid, CALL_NUMBER, -1);
    }
    if (want.half && info->entry.args[2] > 1) {
        process->mend = MEND_SIZE;
        process->size = (long)info->entry.args[2];
        poke(process->pid, THIRD_ARGUMENT, process->size / 2);
    }
    return 0;
}

static int at_call(struct process *process)
{
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0)
        return 0;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->mend == MEND_RESULT)
        poke(process->pid, CALL_RESULT, -want.error);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->mend == MEND_SIZE)
        poke(process->pid, THIRD_ARGUMENT, process->size);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        process->mend = NO_MEND;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !process->ours || info.entry.nr >= CALLS)
        return 0;
    unsigned count = ++process->counts[info.entry.nr];
    if (want.list)
        fprintf(want.list, "%d %d %u\n", process->number, (int)info.entry.nr, count);
    return !want.fired && process->number == want.process && (int)info.entry.nr == want.call &&
           count == want.count && fire(process, &info);
}

// Goes on from what stopped PROCESS.
static void go_on(struct process *process, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16, pass = 0;
    unsigned long made = 0;
    if (!process->begun) {
        process->begun = 1;
        process->held = !process->known;
        if (process->held)
            return; // until we hear of it from its parent
        ptrace(PTRACE_SETOPTIONS, process->pid, 0, OPTIONS);
    } else if (event == PTRACE_EVENT_EXEC) {
        process->ours = is_ours(process->pid);
    } else if (event) {
        ptrace(PTRACE_GETEVENTMSG, process->pid, 0, &made);
        struct process *child = find((pid_t)made);
        child->ours = process->ours;
        child->known = 1;
        if (child->held)
            ptrace(PTRACE_SYSCALL, child->pid, 0, 0);
        child->held = 0;
    } else if (signal == (SIGTRAP | 0x80)) {
        if (at_call(process))
            return;
    } else {
        pass = signal;
    }
    ptrace(PTRACE_SYSCALL, process->pid, 0, pass);
}

static int follow(pid_t first)
{
    int status, result = 96;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return result;
        if (WIFSTOPPED(status))
            go_on(find(pid), status);
        else if (pid == first)
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (!WIFSTOPPED(status))
            find(pid)->pid = -1;
    }
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "+l:x:s:e:h")) != -1) {
        if (option == 'l')
            want.list = fopen(optarg, "we");
        else if (option == 'x')
            sscanf(optarg, "%d:%d:%u", &want.process, &want.call, &want.count);
        else if (option == 's')
            want.signal = atoi(optarg);
        else if (option == 'e')
            want.error = atoi(optarg);
        else if (option == 'h')
            want.half = 1;
        else
            return 95;
    }
    alarm(60); // and with us, by PTRACE_O_EXITKILL, all the rest
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(argv[optind], argv + optind);
        _exit(127);
    }
    find(pid)->known = 1;
    close(0);
    int result = follow(pid);
    if (want.list)
        fclose(want.list);
    return result;
}
