// SPDX-License-Identifier: MIT
// The list of system calls that a fenced process may not make, as a seccomp filter (seccomp(2)). It
// names what is forbidden and lets all else pass: a library that makes a call that nobody here
// thought of goes on working, and each call of the list fails with an errno as on a system that
// does not have it. Where the processor's numbers are not known to us there is no list.
#include "base/fence.h"

#include "config.h"

#include <sys/prctl.h>

#if defined(HAVE_LINUX_SECCOMP_H) &&                                                               \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__riscv))

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

// Numbers from here on are x32's, another ABI of the same processor.
#define X32_BIT 0x40000000U

// Calls of kernels younger than the headers; the numbers are the same everywhere.
enum {
    CALL_IO_URING_SETUP = 425,
    CALL_IO_URING_ENTER = 426,
    CALL_IO_URING_REGISTER = 427,
    CALL_PIDFD_SEND_SIGNAL = 424,
    CALL_OPEN_TREE = 428,
    CALL_MOVE_MOUNT = 429,
    CALL_FSOPEN = 430,
    CALL_FSMOUNT = 432,
    CALL_CLONE3 = 435,
    CALL_OPENAT2 = 437,
    CALL_PIDFD_GETFD = 438,
    CALL_PROCESS_MADVISE = 440,
    CALL_MOUNT_SETATTR = 442,
    CALL_PROCESS_MRELEASE = 448,
    CALL_FCHMODAT2 = 452,
    CALL_SETXATTRAT = 463,
    CALL_REMOVEXATTRAT = 466,
    CALL_FILE_SETATTR = 469
};

static const int forbidden[] = {
    // programs, other processes, and what is theirs
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
    SYS_tkill, CALL_PIDFD_SEND_SIGNAL, CALL_PIDFD_GETFD, CALL_PROCESS_MADVISE,
    CALL_PROCESS_MRELEASE, SYS_setpriority, SYS_ioprio_set, SYS_sched_setscheduler,
    SYS_sched_setparam, SYS_sched_setattr, SYS_sched_setaffinity, SYS_setpgid, SYS_setsid,
    SYS_move_pages, SYS_migrate_pages, SYS_perf_event_open, SYS_setns, SYS_unshare,
    // files: what changes them without opening them to be written
    SYS_fchmod, SYS_fchmodat, CALL_FCHMODAT2, SYS_fchown, SYS_fchownat, SYS_truncate, SYS_utimensat,
    SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
    CALL_SETXATTRAT, CALL_REMOVEXATTRAT, CALL_FILE_SETATTR, SYS_open_by_handle_at,
    // sockets that others could come to
    SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    // memory and queues that other processes of the user's share, keys of his
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semctl, SYS_semop, SYS_msgget, SYS_msgsnd,
    SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_add_key, SYS_request_key, SYS_keyctl,
    // calls behind which any other hides, or that few need and that had faults
    CALL_IO_URING_SETUP, CALL_IO_URING_ENTER, CALL_IO_URING_REGISTER, SYS_bpf, SYS_userfaultfd,
    SYS_personality, SYS_vmsplice,
    // the administrator's
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, CALL_OPEN_TREE, CALL_MOVE_MOUNT,
    CALL_FSOPEN, CALL_FSMOUNT, CALL_MOUNT_SETATTR, SYS_swapon, SYS_swapoff, SYS_reboot,
    SYS_sethostname, SYS_setdomainname, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_kexec_load, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_syslog,
#ifdef __x86_64__ // the older forms of these
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
    SYS_creat, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs
#endif
};

struct filter {
    struct sock_filter code[512];
    unsigned short length;
};

static void add(struct filter *filter, unsigned short code, guint8 yes, guint8 no, guint32 value)
{
    filter->code[filter->length++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (guint32)offset);
}

static void fail(struct filter *filter, int code)
{
    add(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ((guint32)code & SECCOMP_RET_DATA));
}

// The number of the call is loaded before and after each of the functions below.
static void forbid(struct filter *filter, int call, int code)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (guint32)call);
    fail(filter, code);
}

enum condition { IS, IS_NOT, HAS_BITS, HAS_NOT_BITS };

// Forbids CALL when the lower half of its argument N is, or is not, VALUE. All of these processors
// have the lower half first.
static void forbid_when(struct filter *filter, int call, int n, enum condition condition,
                        guint32 value, int code)
{
    const bool bits = condition == HAS_BITS || condition == HAS_NOT_BITS;
    const bool wanted = condition == IS || condition == HAS_BITS;
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (guint32)call);
    load(filter, offsetof(struct seccomp_data, args) + (size_t)n * sizeof(guint64));
    add(filter, BPF_JMP | (bits ? BPF_JSET : BPF_JEQ) | BPF_K, wanted ? 0 : 1, wanted ? 1 : 0,
        value);
    fail(filter, code);
    load(filter, offsetof(struct seccomp_data, nr));
}

// Sockets of the internet's families, and of this host's where it must.
static void forbid_families(struct filter *filter, int call, bool unix_sockets)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, (guint32)call);
    load(filter, offsetof(struct seccomp_data, args));
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, AF_INET);
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AF_INET6);
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, unix_sockets ? AF_UNIX : AF_INET);
    fail(filter, EAFNOSUPPORT);
    load(filter, offsetof(struct seccomp_data, nr));
}

static void forbid_by_argument(struct filter *filter, bool unix_sockets)
{
    guint32 self = (guint32)getpid();
    // A thread may be made, a process not. clone3 hides what it is asked; libraries then take
    // clone.
    forbid(filter, CALL_CLONE3, ENOSYS);
    forbid_when(filter, SYS_clone, 0, HAS_NOT_BITS, CLONE_THREAD, EPERM);
    forbid_when(filter, SYS_kill, 0, IS_NOT, self, EPERM);
    forbid_when(filter, SYS_tgkill, 0, IS_NOT, self, EPERM);
    forbid_when(filter, SYS_rt_sigqueueinfo, 0, IS_NOT, self, EPERM);
    forbid_when(filter, SYS_rt_tgsigqueueinfo, 0, IS_NOT, self, EPERM);
    forbid_when(filter, SYS_prlimit64, 0, IS_NOT, 0, EPERM);
    // A file's owner of signals may be any process.
    forbid_when(filter, SYS_fcntl, 1, IS, F_SETOWN, EPERM);
    forbid_when(filter, SYS_fcntl, 1, IS, F_SETOWN_EX, EPERM);
    forbid_when(filter, SYS_fcntl, 1, IS, F_SETSIG, EPERM);
    forbid_when(filter, SYS_ioctl, 1, IS, TIOCSTI, EPERM);
    forbid_when(filter, SYS_ioctl, 1, IS, FIOSETOWN, EPERM);
    forbid_when(filter, SYS_ioctl, 1, IS, SIOCSPGRP, EPERM);
    // Opened for reading only, a file can still be cut short. openat2 hides its flags.
    forbid(filter, CALL_OPENAT2, ENOSYS);
    forbid_when(filter, SYS_openat, 2, HAS_BITS, O_TRUNC, EACCES);
#ifdef SYS_open
    forbid_when(filter, SYS_open, 1, HAS_BITS, O_TRUNC, EACCES);
#endif
    forbid_families(filter, SYS_socket, unix_sockets);
    forbid_families(filter, SYS_socketpair, unix_sockets);
}

bool fence_calls(bool unix_sockets)
{
    struct filter filter = {.length = 0};
    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCH);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    load(&filter, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    add(&filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
    for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++)
        forbid(&filter, forbidden[i], EPERM);
    forbid_by_argument(&filter, unix_sockets);
    add(&filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = filter.length, .filter = filter.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

bool fence_calls(bool unix_sockets)
{
    (void)unix_sockets;
    return false;
}

#endif
