// SPDX-License-Identifier: MIT
// The program that an MTA starts. It starts the real one (the agent), waits for it, and lets no end
// of it become a bounce that nobody decided.
//
// MTAs bounce mail for every status but a few (see base/survive.h), and a program has ends that it
// cannot see to itself: the dynamic loader's 127 where a library is missing or a resource limit is
// too tight, the kernel's SIGKILL when memory runs out (Exim bounces for a signal). So this one
// needs no loader and no library. 0 and 75 pass; every other status passes if the agent's main()
// said that it means it (survive_end() writes it to a pipe whose number is in STATUS_VARIABLE); all
// else is 75, and the MTA keeps the mail. The servers, `lmtp` and `milter`, are not waited for:
// whoever started them (systemd, say) counts on the process that it started.
//
// Without a C library there is no errno and no start-up code; both are below, for the processors
// that have been tried. There is no pointer in static data either, so that a position-independent
// program needs no relocation.
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#ifndef AGENT_PATH
#error                                                                                             \
    "AGENT_PATH is where the agent is installed; empty: it stands beside this one, in a build tree"
#endif

#define EX_TEMPFAIL 75
#define MISSING                                                                                    \
    "backstop: the agent cannot be started; is it there? (installed: " AGENT_PATH "; in a build "  \
    "tree: backstop-agent)\n"
#define PATH_SIZE 4096
#define AGENT_SUFFIX "-agent"
#define STATUS_VARIABLE "BACKSTOP_STATUS_FD="
// What the agent says when another program, whose status counts, takes its place.
#define ANY_STATUS 255
#define SIGNALS 64
#define SIGTYPE_CHLD 17
#define SIGTYPE_KILL 9
#define ERROR_INTERRUPTED (-4)
#define ERROR_AGAIN (-11)

struct limit {
    unsigned long long soft, hard;
};

#if defined(__x86_64__)
static long call5(long number, long a, long b, long c, long d, long e)
{
    long result;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".text\n.global _start\n_start:\n"
        "xor %ebp,%ebp\nmov %rsp,%rdi\nand $-16,%rsp\ncall launch\nhlt\n");
// The child runs on our stack until it is another program, so the return address is kept off it.
__asm__(".text\nstart_child:\npop %r9\nmov $58,%eax\nsyscall\npush %r9\nret\n");
#elif defined(__aarch64__)
static long call5(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
__asm__(".text\n.global _start\n_start:\nmov x29,#0\nmov x30,#0\nmov x0,sp\nbl launch\n");
__asm__(".text\nstart_child:\nmov x0,#0x4111\nmov x1,#0\nmov x2,#0\nmov x3,#0\nmov x4,#0\n"
        "mov x8,#220\nsvc 0\nret\n");
#else
#error "no start-up code for this processor: configure --without-launcher"
#endif

// vfork(2): the parent waits until the child, which shares its memory, has become another program.
long start_child(void) __attribute__((returns_twice));

static long call(long number, long a, long b, long c, long d)
{
    return call5(number, a, b, c, d, 0);
}

static long length_of(const char *text)
{
    long length = 0;
    while (text[length])
        length++;
    return length;
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static _Noreturn void end(long status)
{
    for (;;)
        call(__NR_exit_group, status, 0, 0, 0);
}

static _Noreturn void defer(const char *complaint)
{
    call(__NR_write, 2, (long)complaint, length_of(complaint), 0);
    end(EX_TEMPFAIL);
}

// Raises a soft limit that the agent could not even be loaded under; defers where it may not.
static void check_limit(int resource, unsigned long long need, const char *complaint)
{
    struct limit limit;
    if (call(__NR_prlimit64, 0, resource, 0, (long)&limit) != 0 || limit.soft >= need)
        return;
    limit.soft = need;
    if (limit.hard < need || call(__NR_prlimit64, 0, resource, (long)&limit, 0) != 0)
        defer(complaint);
}

static void check_limits(void)
{
    check_limit(RLIMIT_NOFILE, 14, "backstop: fewer than 14 open files allowed (RLIMIT_NOFILE)\n");
    check_limit(RLIMIT_AS, 32 << 20,
                "backstop: less than 32 MiB of address space allowed (RLIMIT_AS)\n");
    check_limit(RLIMIT_DATA, 2 << 20, "backstop: less than 2 MiB of data allowed (RLIMIT_DATA)\n");
}

// The path of the agent, in PATH of PATH_SIZE bytes or a constant; 0 when it cannot be had. An
// installed launcher knows one place and looks in no other.
static const char *agent_path(char *path)
{
    if (AGENT_PATH[0])
        return AGENT_PATH;
    long room = PATH_SIZE - (long)sizeof AGENT_SUFFIX;
    long length = call(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, room);
    if (length <= 0 || length >= room)
        return 0;
    for (unsigned i = 0; i < sizeof AGENT_SUFFIX; i++)
        path[length + i] = AGENT_SUFFIX[i];
    return path;
}

// Whether the command is a server. Options of all commands may stand in front of it.
static int is_server(int argc, char **argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-')
        i += same(argv[i], "-c") || same(argv[i], "--config") || same(argv[i], "--set") ? 2 : 1;
    return i < argc && (same(argv[i], "lmtp") || same(argv[i], "milter"));
}

// Writes the variable that names FD into TEXT, which has room for a number of ten digits.
static void name_descriptor(char *text, int fd)
{
    char digits[10];
    int count = 0, at = 0;
    for (const char *name = STATUS_VARIABLE; *name; name++)
        text[at++] = *name;
    do {
        digits[count++] = (char)('0' + fd % 10);
        fd /= 10;
    } while (fd > 0);
    while (count > 0)
        text[at++] = digits[--count];
    text[at] = 0;
}

// In the child: becomes the agent. STACK is what the kernel left: argc, argv, a null pointer, the
// environment. Arguments move down by one, over argc, to make room for one more variable, so that
// nothing has to be copied, whatever its size.
static _Noreturn void become_agent(const char *path, long *stack, int status_fd, long parent)
{
    char variable[sizeof STATUS_VARIABLE + 10];
    long argc = stack[0];
    // Nobody would learn how a delivery ends whose launcher was killed: it ends too.
    call(__NR_prctl, PR_SET_PDEATHSIG, SIGTYPE_KILL, 0, 0);
    if (call(__NR_getppid, 0, 0, 0, 0) != parent)
        end(EX_TEMPFAIL);
    name_descriptor(variable, status_fd);
    for (long i = 0; i < argc; i++)
        stack[i] = stack[i + 1];
    stack[argc] = 0;
    stack[argc + 1] = (long)variable;
    call(__NR_execve, (long)path, (long)stack, (long)(stack + argc + 1), 0);
    defer(MISSING);
}

// What the agent said last in the pipe TOLD_FD; BEFORE when there is nothing new.
static int hear(int told_fd, int before)
{
    unsigned char told;
    while (call(__NR_read, told_fd, (long)&told, 1, 0) == 1)
        before = told;
    return before;
}

static int is_final(int told)
{
    return told >= 0 && told != ANY_STATUS;
}

// How the agent CHILD ended, as wait4() tells it; an agent that has said its status may outlive us
// (base/survive.c). Signals to us are handed on. With all of them blocked they are waited for, so
// that none is lost in between.
static int wait_for(long child, int told_fd, int *told)
{
    unsigned long long all = ~0ULL;
    int status;
    for (;;) {
        long signal = call(__NR_rt_sigtimedwait, (long)&all, 0, 0, SIGNALS / 8);
        if (signal == SIGTYPE_CHLD) {
            long ended = call(__NR_wait4, child, (long)&status, 1 /* WNOHANG */, 0);
            *told = hear(told_fd, *told);
            if (ended == child)
                return status;
            if (ended != 0)
                end(EX_TEMPFAIL);
            if (is_final(*told))
                return *told << 8;
        } else if (signal > 0) {
            call(__NR_kill, child, signal, 0, 0);
        } else if (signal != ERROR_INTERRUPTED && signal != ERROR_AGAIN) {
            end(EX_TEMPFAIL);
        }
    }
}

// The status for the MTA when the agent ended with STATUS and had said TOLD, -1: nothing.
static long status_of(int status, int told)
{
    long code = (status >> 8) & 0xff;
    if ((status & 0x7f) != 0 && is_final(told))
        return told; // all was done but the tidying
    if ((status & 0x7f) != 0)
        defer("backstop: the agent was killed by a signal\n");
    if (code == 0 || code == EX_TEMPFAIL || told == code || told == ANY_STATUS)
        return code;
    defer("backstop: the agent ended in a way that it did not mean to\n");
}

__attribute__((used)) _Noreturn void launch(long *stack);
void launch(long *stack)
{
    char room[PATH_SIZE];
    char **argv = (char **)(stack + 1);
    unsigned long long all = ~0ULL, before;
    int pipe[2];
    check_limits();
    const char *path = agent_path(room);
    if (!path)
        defer("backstop: this build tree has no /proc to find the agent by\n");
    if (is_server((int)stack[0], argv)) {
        call(__NR_execve, (long)path, (long)argv, (long)(argv + stack[0] + 1), 0);
        defer(MISSING);
    }
    if (call(__NR_pipe2, (long)pipe, O_NONBLOCK, 0, 0) != 0 ||
        call(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, (long)&all, (long)&before, SIGNALS / 8) != 0)
        defer("backstop: no pipe to hear the agent by\n");
    long self = call(__NR_getpid, 0, 0, 0, 0);
    long child = start_child();
    if (child < 0)
        defer("backstop: no process for the agent\n");
    if (child == 0) {
        call(__NR_close, pipe[0], 0, 0, 0);
        call(__NR_rt_sigprocmask, 2, (long)&before, 0, SIGNALS / 8);
        become_agent(path, stack, pipe[1], self);
    }
    call(__NR_close, pipe[1], 0, 0, 0);
    int told = -1, status = wait_for(child, pipe[0], &told);
    end(status_of(status, told));
}
