// SPDX-License-Identifier: MIT
// The program that an MTA starts: it makes sure that the real one can start, and becomes it.
//
// Where a resource limit is too tight for the dynamic loader, the loader ends a program with status
// 127 before any line of that program runs, and an MTA bounces mail for that. So this one needs no
// loader and no library: it looks at the limits, raises the soft ones where it may, and ends with
// 75 (the MTA keeps the mail) where the real program could not even be loaded. Without a C library
// there is no errno and no start-up code; both are below, for the processors that have been tried.
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>

#ifndef AGENT_PATH
#error "AGENT_PATH is where the real program is installed"
#endif
#ifndef BUILT_AGENT_PATH
#error "BUILT_AGENT_PATH is where the real program was built"
#endif

#define EX_TEMPFAIL 75
#define PATH_SIZE 4096
// The real program's name beside this one in a build tree.
#define AGENT_SUFFIX "-agent"

struct limit {
    unsigned long long soft, hard;
};

// What loading and a plain delivery need, with some room.
static const struct {
    int resource;
    unsigned long long need;
    const char *complaint;
} needs[] = {
    {RLIMIT_NOFILE, 12, "backstop: fewer than 12 open files allowed (RLIMIT_NOFILE)\n"},
    {RLIMIT_AS, 32 << 20, "backstop: less than 32 MiB of address space allowed (RLIMIT_AS)\n"},
    {RLIMIT_DATA, 2 << 20, "backstop: less than 2 MiB of data allowed (RLIMIT_DATA)\n"},
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
#else
#error "no start-up code for this processor: configure --without-launcher"
#endif

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

static _Noreturn void defer(const char *complaint)
{
    call(__NR_write, 2, (long)complaint, length_of(complaint), 0);
    for (;;)
        call(__NR_exit_group, EX_TEMPFAIL, 0, 0, 0);
}

static void check_limits(void)
{
    for (unsigned i = 0; i < sizeof needs / sizeof *needs; i++) {
        struct limit limit;
        if (call(__NR_prlimit64, 0, needs[i].resource, 0, (long)&limit) != 0 ||
            limit.soft >= needs[i].need)
            continue;
        limit.soft = needs[i].need;
        if (limit.hard < needs[i].need ||
            call(__NR_prlimit64, 0, needs[i].resource, (long)&limit, 0) != 0)
            defer(needs[i].complaint);
    }
}

// The path of this program with AGENT_SUFFIX behind it, in PATH of SIZE bytes; 0 when it cannot be
// had.
static int path_beside(char *path, long size)
{
    long room = size - (long)sizeof AGENT_SUFFIX;
    long length = call(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, room);
    if (length <= 0 || length >= room)
        return 0;
    for (unsigned i = 0; i < sizeof AGENT_SUFFIX; i++)
        path[length + i] = AGENT_SUFFIX[i];
    return 1;
}

// A copy of this program that was never installed finds the real one in the build tree: if that is
// ours or root's, so that nobody else gets us to run what they put there.
static int may_run_built(void)
{
    struct statx status;
    if (call5(__NR_statx, AT_FDCWD, (long)BUILT_AGENT_PATH, 0, STATX_UID, (long)&status) != 0)
        return 0;
    return status.stx_uid == 0 || (long)status.stx_uid == call(__NR_geteuid, 0, 0, 0, 0);
}

// STACK is what the kernel left there: argc, argv, a null pointer, the environment.
__attribute__((used)) _Noreturn void launch(long *stack);
void launch(long *stack)
{
    char path[PATH_SIZE];
    char **argv = (char **)(stack + 1);
    char **environment = argv + stack[0] + 1;
    check_limits();
    if (path_beside(path, sizeof path))
        call(__NR_execve, (long)path, (long)argv, (long)environment, 0);
    call(__NR_execve, (long)AGENT_PATH, (long)argv, (long)environment, 0);
    if (may_run_built())
        call(__NR_execve, (long)BUILT_AGENT_PATH, (long)argv, (long)environment, 0);
    defer("backstop: " AGENT_PATH " cannot be started\n");
}
