// SPDX-License-Identifier: MIT
#include "lmtp/listener.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/log.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define BACKLOG 128
// When descriptors or memory run out, connections wait for this time.
#define PAUSE_MILLISECONDS 200
#define DEFAULT_HOST4 "127.0.0.1"
#define DEFAULT_HOST6 "::1"

void lmtp_listener_init(struct lmtp_listener *listener)
{
    *listener = (struct lmtp_listener){
        .sockets = g_array_new(FALSE, FALSE, sizeof(int)),
        .made = g_ptr_array_new_with_free_func(g_free),
    };
}

static void close_sockets(struct lmtp_listener *listener)
{
    for (guint i = 0; i < listener->sockets->len; i++)
        close(g_array_index(listener->sockets, int, i));
    g_array_set_size(listener->sockets, 0);
}

void lmtp_listener_clear(struct lmtp_listener *listener)
{
    close_sockets(listener);
    for (guint i = 0; i < listener->made->len; i++)
        unlink(g_ptr_array_index(listener->made, i));
    g_array_unref(listener->sockets);
    g_ptr_array_unref(listener->made);
}

// ---- Sockets

// A socket file of a server that was killed is taken over; one that is in use is not.
static bool remove_stale(const struct sockaddr_un *address, GError **err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT || mda_fail_errno(err, errno, "%s", address->sun_path);
    mda_autofd probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return mda_fail_errno(err, errno, "socket");
    if (!S_ISSOCK(status.st_mode) ||
        connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno != ECONNREFUSED)
        return mda_fail(err, MDA_ERROR_CONFIG, "%s is in use", address->sun_path);
    if (unlink(address->sun_path) != 0)
        return mda_fail_errno(err, errno, "remove %s", address->sun_path);
    return true;
}

static int listen_unix(struct lmtp_listener *listener, const char *path, mode_t mode, GError **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: longer than the %zu bytes of a socket's path", path,
                 sizeof address.sun_path - 1);
        return -1;
    }
    if (!remove_stale(&address, err))
        return -1;
    mda_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t before = umask(0777 & ~mode);
    int failed = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : 0;
    umask(before);
    if (failed) {
        mda_fail_errno(err, failed, "bind %s", path);
        return -1;
    }
    g_ptr_array_add(listener->made, g_strdup(path));
    return mda_steal_fd(&fd);
}

static int bind_to(const struct addrinfo *found)
{
    const int yes = 1;
    mda_autofd fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0)
        return -1;
    return mda_steal_fd(&fd);
}

static int listen_inet(int family, const char *text, GError **err)
{
    const char *at = strchr(text, '@');
    g_autofree char *port = at ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    const char *host = at ? at + 1 : family == AF_INET6 ? DEFAULT_HOST6 : DEFAULT_HOST4;
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed) {
        mda_fail(err, MDA_ERROR_CONFIG, "%s: %s", text, gai_strerror(failed));
        return -1;
    }
    int fd = bind_to(found);
    if (fd < 0)
        mda_fail_errno(err, errno, "bind port %s of %s", port, host);
    freeaddrinfo(found);
    return fd;
}

bool lmtp_listener_add(struct lmtp_listener *listener, const char *address, mode_t mode,
                       GError **err)
{
    mda_autofd fd = -1;
    if (g_str_has_prefix(address, "unix:"))
        fd = listen_unix(listener, address + 5, mode, err);
    else if (g_str_has_prefix(address, "inet:"))
        fd = listen_inet(AF_INET, address + 5, err);
    else if (g_str_has_prefix(address, "inet6:"))
        fd = listen_inet(AF_INET6, address + 6, err);
    else
        return mda_fail(err, MDA_ERROR_CONFIG, "%s: expected unix:/path or inet:port@host",
                        address);
    if (fd < 0)
        return false;
    if (listen(fd, BACKLOG) != 0)
        return mda_fail_errno(err, errno, "listen at %s", address);
    return lmtp_listener_take(listener, mda_steal_fd(&fd), err);
}

guint lmtp_inherited_sockets(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    guint64 whose = 0, many = 0;
    bool ours = pid && count && g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &whose, NULL) &&
                g_ascii_string_to_unsigned(count, 10, 0, 1000, &many, NULL) &&
                whose == (guint64)getpid();
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ours ? (guint)many : 0;
}

bool lmtp_is_listening(int fd)
{
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

bool lmtp_listener_take(struct lmtp_listener *listener, int fd, GError **err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        int code = errno;
        close(fd);
        return mda_fail_errno(err, code, "socket %d", fd);
    }
    g_array_append_val(listener->sockets, fd);
    return true;
}

// ---- Processes

static int signal_descriptor(const int *signals, gsize count, GError **err)
{
    sigset_t set;
    sigemptyset(&set);
    for (gsize i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        mda_fail_errno(err, errno, "block signals");
        return -1;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        mda_fail_errno(err, errno, "signalfd");
    return fd;
}

int lmtp_stop_signals(GError **err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    return signal_descriptor(signals, G_N_ELEMENTS(signals), err);
}

static void reap(GArray *children)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (guint i = 0; i < children->len; i++) {
            if (g_array_index(children, pid_t, i) != pid)
                continue;
            g_array_remove_index_fast(children, i);
            break;
        }
        if (WIFSIGNALED(status))
            log_line(LOG_LEVEL_ERROR, "lmtp: the process of a connection was ended by signal %d",
                     WTERMSIG(status));
    }
}

static G_GNUC_NORETURN void become_connection(struct lmtp_listener *listener, int fd, int ended)
{
    g_autoptr(GError) err = NULL;
    close(ended);
    close_sockets(listener);
    mda_autofd stop = lmtp_stop_signals(&err);
    if (stop < 0)
        log_line(LOG_LEVEL_WARNING, "lmtp: %s", err->message);
    listener->serve(listener->data, fd, stop);
    _exit(0);
}

// Whoever is sent away, or only dropped, tries again.
static void send_away(int fd)
{
    static const char busy[] = "421 4.3.2 too busy, come again\r\n";
    log_line(LOG_LEVEL_WARNING, "lmtp: fork: %s", g_strerror(errno));
    if (write(fd, busy, sizeof busy - 1) < 0)
        log_line(LOG_LEVEL_DEBUG, "lmtp: %s", g_strerror(errno));
    g_usleep(PAUSE_MILLISECONDS * 1000);
}

// Takes one connection in, if there still is one.
static void take_connection(struct lmtp_listener *listener, int socket, int ended, GArray *children)
{
    mda_autofd fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        log_line(LOG_LEVEL_WARNING, "lmtp: accept: %s", g_strerror(errno));
        g_usleep(PAUSE_MILLISECONDS * 1000);
    }
    if (fd < 0)
        return;
    pid_t pid = fork();
    if (pid == 0)
        become_connection(listener, fd, ended);
    if (pid > 0)
        g_array_append_val(children, pid);
    else
        send_away(fd);
}

// Which signals came: true when one of them says to end.
static bool hear_signals(int fd, GArray *children)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        stop = stop || info.ssi_signo != SIGCHLD;
    reap(children);
    return stop;
}

static void serve(struct lmtp_listener *listener, int signals, GArray *children)
{
    guint sockets = listener->sockets->len;
    g_autofree struct pollfd *wait = g_new0(struct pollfd, sockets + 1);
    for (;;) {
        // At the limit new connections wait in the kernel.
        bool room = children->len < listener->connections_max;
        wait[0] = (struct pollfd){.fd = signals, .events = POLLIN};
        for (guint i = 0; i < sockets; i++)
            wait[i + 1] = (struct pollfd){
                .fd = room ? g_array_index(listener->sockets, int, i) : -1, .events = POLLIN};
        int ready = poll(wait, sockets + 1, -1);
        if (ready < 0 && errno != EINTR) {
            log_line(LOG_LEVEL_ERROR, "lmtp: poll: %s", g_strerror(errno));
            g_usleep(PAUSE_MILLISECONDS * 1000);
            continue;
        }
        if (ready > 0 && wait[0].revents && hear_signals(signals, children))
            return;
        for (guint i = 0; ready > 0 && i < sockets; i++) {
            if (wait[i + 1].revents && children->len < listener->connections_max)
                take_connection(listener, wait[i + 1].fd, signals, children);
        }
    }
}

// Connections that deliver finish that first.
static void end_connections(GArray *children)
{
    for (guint i = 0; i < children->len; i++)
        kill(g_array_index(children, pid_t, i), SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

bool lmtp_listener_run(struct lmtp_listener *listener, GError **err)
{
    static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    mda_autofd signals = signal_descriptor(wanted, G_N_ELEMENTS(wanted), err);
    if (signals < 0)
        return false;
    g_autoptr(GArray) children = g_array_new(FALSE, FALSE, sizeof(pid_t));
    serve(listener, signals, children);
    close_sockets(listener);
    end_connections(children);
    return true;
}
