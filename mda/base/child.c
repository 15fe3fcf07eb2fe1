// SPDX-License-Identifier: MIT
#include "base/child.h"

#include "base/auto.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

#define BY_SIGNAL 128
// How long a child that was killed may take to end.
#define KILL_MS 5000
// How often it is looked whether somebody asks to stop.
#define STOP_POLL_MS 20
// Without a descriptor for the child it is looked at again and again, at first often.
#define NAP_FIRST_US 50
#define NAP_MOST_US 10000

bool child_open(struct child *child_r, enum child_pipes pipes)
{
    *child_r = (struct child){.pid = -1, .fed = {-1, -1}, .heard = {-1, -1}};
    if ((!(pipes & CHILD_FED) || (pipe2(child_r->fed, O_CLOEXEC) == 0 &&
                                  fcntl(child_r->fed[1], F_SETFL, O_NONBLOCK) == 0)) &&
        (!(pipes & CHILD_HEARD) || (pipe2(child_r->heard, O_CLOEXEC) == 0 &&
                                    fcntl(child_r->heard[0], F_SETFL, O_NONBLOCK) == 0)))
        return true;
    child_close(child_r);
    return false;
}

void child_close(struct child *child)
{
    for (gsize i = 0; i < 2; i++) {
        mda_close_fd(&child->fed[i]);
        mda_close_fd(&child->heard[i]);
    }
}

bool child_fork(struct child *child)
{
    child->pid = fork();
    if (child->pid < 0) {
        child_close(child);
        return false;
    }
    mda_close_fd(&child->fed[child->pid == 0 ? 1 : 0]);
    mda_close_fd(&child->heard[child->pid == 0 ? 0 : 1]);
    return true;
}

bool child_start(struct child *child_r, enum child_pipes pipes)
{
    return child_open(child_r, pipes) && child_fork(child_r);
}

bool child_is_fed(const struct child_talk *talk)
{
    return talk->at >= talk->count;
}

static bool is_asked(const volatile sig_atomic_t *stop)
{
    return stop && *stop;
}

void child_feed(struct child *child, struct child_talk *talk)
{
    while (!child_is_fed(talk)) {
        const struct file_segment *next = &talk->segments[talk->at];
        const gsize left = next->size - talk->offset;
        ssize_t wrote = left ? write(child->fed[1], next->data + talk->offset, left) : 0;
        if (wrote < 0 && errno == EINTR && !is_asked(talk->stop))
            continue;
        if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (wrote < 0)
            break; // it has left
        talk->offset += (gsize)wrote;
        if (talk->offset == next->size) {
            talk->at++;
            talk->offset = 0;
        }
    }
    mda_close_fd(&child->fed[1]);
}

static enum child_said listen_to(struct child *child, struct child_talk *talk)
{
    char buffer[16384];
    ssize_t got = read(child->heard[0], buffer, sizeof buffer);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return CHILD_UNHEARD;
    if (got == 0)
        mda_close_fd(&child->heard[0]);
    if (got <= 0)
        return CHILD_DONE;
    const gsize room = talk->limit - MIN(talk->limit, talk->said->len);
    g_string_append_len(talk->said, buffer, (gssize)MIN((gsize)got, room));
    return (gsize)got > room ? CHILD_VERBOSE : CHILD_DONE;
}

// One turn of the talk. *OVER_R: it has come to its end.
static enum child_said take_turn(struct child *child, struct child_talk *talk,
                                 const struct deadline *deadline, bool *over_r)
{
    struct pollfd fds[] = {{.fd = child->heard[0], .events = POLLIN},
                           {.fd = child->fed[1], .events = POLLOUT}};
    enum child_said said = CHILD_DONE;
    *over_r = true;
    int ready = poll(fds, G_N_ELEMENTS(fds), deadline_left(deadline));
    if (ready < 0 && errno != EINTR)
        return CHILD_UNHEARD;
    if (ready == 0 || is_asked(talk->stop))
        return CHILD_LATE;
    if (ready > 0 && fds[1].revents)
        child_feed(child, talk);
    if (ready > 0 && fds[0].revents)
        said = listen_to(child, talk);
    if (said != CHILD_DONE) {
        mda_close_fd(&child->heard[0]);
        *over_r = said == CHILD_UNHEARD || talk->ends_at_limit;
        return said;
    }
    *over_r = talk->ends_at_nul && memchr(talk->said->str, '\0', talk->said->len);
    return CHILD_DONE;
}

enum child_said child_talk(struct child *child, struct child_talk *talk,
                           const struct deadline *deadline)
{
    enum child_said all = CHILD_DONE;
    if (child_is_fed(talk))
        mda_close_fd(&child->fed[1]);
    for (bool over = false; !over && (child->heard[0] >= 0 || child->fed[1] >= 0);) {
        enum child_said said = take_turn(child, talk, deadline, &over);
        if (said != CHILD_DONE)
            all = said;
    }
    return all;
}

// Did PID end by now? One that is none of ours has ended, as far as we can tell.
static bool has_ended(pid_t pid, int *status_r)
{
    pid_t ended = waitpid(pid, status_r, WNOHANG);
    if (ended < 0 && errno != EINTR) {
        *status_r = CHILD_NOT_OURS;
        return true;
    }
    return ended == pid;
}

// Sleeps until the child behind FD (-1: there is none) may have ended.
static void wait_a_little(int fd, const struct deadline *deadline, bool asked, gulong *nap)
{
    int most = deadline_left(deadline);
    if (asked)
        most = MIN(most, STOP_POLL_MS);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (fd >= 0 && (poll(&wait, 1, most) >= 0 || errno == EINTR))
        return;
    g_usleep(*nap);
    *nap = MIN(*nap * 2, NAP_MOST_US);
}

bool child_reap(pid_t pid, const struct deadline *deadline, const volatile sig_atomic_t *stop,
                int *status_r)
{
    if (has_ended(pid, status_r))
        return true;
#ifdef SYS_pidfd_open
    mda_autofd fd = (int)syscall(SYS_pidfd_open, pid, 0); // -1 before Linux 5.3
#else
    const int fd = -1;
#endif
    gulong nap = NAP_FIRST_US;
    while (!deadline_passed(deadline) && !is_asked(stop)) {
        wait_a_little(fd, deadline, stop != NULL, &nap);
        if (has_ended(pid, status_r))
            return true;
    }
    return false;
}

bool child_kill(pid_t pid, bool group, int *status_r)
{
    const struct deadline deadline = deadline_in(KILL_MS);
    if (group)
        kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    *status_r = CHILD_NOT_OURS;
    return child_reap(pid, &deadline, NULL, status_r);
}

pid_t child_reap_any(int *status_r)
{
    pid_t ended = waitpid(-1, status_r, WNOHANG);
    return ended > 0 ? ended : 0;
}

int child_exit_status(int status)
{
    return status == CHILD_NOT_OURS ? EX_OSERR
           : WIFEXITED(status)      ? WEXITSTATUS(status)
                                    : BY_SIGNAL + WTERMSIG(status);
}
