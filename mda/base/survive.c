// SPDX-License-Identifier: MIT
#include "base/survive.h"

#include "base/ending.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

// How the launcher names the pipe over which it hears that a status is meant.
#define STATUS_VARIABLE "BACKSTOP_STATUS_FD"
#define ANY_STATUS 255

static volatile sig_atomic_t committed;
static int status_fd = -1;

static const int ending[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM, SIGXCPU, SIGABRT,
                             SIGTRAP, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGSYS};
static const int ignored[] = {SIGPIPE, SIGXFSZ};

static void end_now(int signal)
{
    (void)signal;
    files_drop_temporaries();
    if (committed)
        ending_finish();
    _exit(committed ? EX_OK : EX_TEMPFAIL);
}

// A crash may come from an overflowing stack, so the handler brings its own.
static void give_handlers_a_stack(void)
{
    static char stack[16 * 1024];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternative, NULL);
}

// open() returns the lowest free number, so this fills 0, 1 and 2 in order. Standard input becomes
// write-only: reading it fails with EBADF, as it should for a message that nobody sent.
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDWR) != fd)
            _exit(EX_TEMPFAIL);
    }
}

// Takes the launcher's pipe, which no program that we start is to see.
static void take_status_pipe(void)
{
    const char *text = getenv(STATUS_VARIABLE);
    struct stat kind;
    gint64 fd = -1;
    bool given = text && g_ascii_string_to_signed(text, 10, 3, G_MAXINT, &fd, NULL);
    if (given && fstat((int)fd, &kind) == 0 && S_ISFIFO(kind.st_mode) &&
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
        status_fd = (int)fd;
    if (text)
        unsetenv(STATUS_VARIABLE);
}

static void tell_launcher(int status)
{
    guint8 told = (guint8)status;
    // When it cannot be told, the end counts as an accident: 75.
    if (status_fd >= 0 && write(status_fd, &told, 1) != 1)
        status_fd = -1;
}

int survive_end(int status)
{
    tell_launcher(status);
    return status;
}

// Linux 6.13, of which older headers know nothing (linux/pidfd.h).
struct exit_info {
    guint64 mask, cgroup;
    guint32 ids[11];
    gint32 exit_code;
};
#define GET_INFO _IOWR(0xFF, 11, struct exit_info)
#define INFO_EXIT 8 // Linux 6.15
#define OUTLIVE_MILLISECONDS 3000

static bool ask(int pidfd, struct exit_info *info_r)
{
    *info_r = (struct exit_info){.mask = INFO_EXIT};
    return ioctl(pidfd, GET_INFO, info_r) == 0;
}

// Nobody who reads what we print until its end is to wait for us.
static void leave_output(void)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; nowhere >= 0 && fd <= 2; fd++)
        dup2(nowhere, fd);
}

bool survive_was_heard(int status)
{
    const pid_t launcher = getppid();
    int pidfd = status_fd >= 0 ? (int)syscall(SYS_pidfd_open, launcher, 0) : -1;
    struct exit_info info;
    if (pidfd < 0 || !ask(pidfd, &info) || prctl(PR_SET_PDEATHSIG, 0) != 0) {
        tell_launcher(status);
        return true;
    }
    leave_output();
    tell_launcher(status);
    // It ends when it is told, and not when we do; root's launcher takes no signal from the user whom
    // we have become, and ends with us.
    if (kill(launcher, SIGCHLD) != 0)
        return true;
    struct pollfd gone = {.fd = pidfd}; // POLLHUP: the MTA has taken its status
    while (poll(&gone, 1, OUTLIVE_MILLISECONDS) < 0 && errno == EINTR)
        continue;
    if (!ask(pidfd, &info) || !(info.mask & INFO_EXIT))
        return true;
    return WIFEXITED(info.exit_code) && WEXITSTATUS(info.exit_code) == status;
}

void survive_hand_over(void)
{
    tell_launcher(ANY_STATUS);
}

void survive_begin(void)
{
    take_status_pipe();
    give_handlers_a_stack();
    struct sigaction action = {.sa_handler = end_now, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigset_t open_set;
    sigemptyset(&open_set);
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++) {
        sigaction(ending[i], &action, NULL);
        sigaddset(&open_set, ending[i]);
    }
    // An MTA may have left them blocked; a blocked one would be lost until the end.
    sigprocmask(SIG_UNBLOCK, &open_set, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++)
        sigaction(ignored[i], &ignore, NULL);
    // An ignored SIGCHLD, inherited, would take the exit status of our children away.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &standard, NULL);
    fill_standard_descriptors();
}

void survive_committed(void)
{
    committed = 1;
}

void survive_reset(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++)
        sigaction(ending[i], &standard, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++)
        sigaction(ignored[i], &standard, NULL);
}

void survive_watchdog(unsigned seconds)
{
    alarm(seconds);
}
