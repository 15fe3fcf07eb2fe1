// SPDX-License-Identifier: MIT
#include "lmtp/listener.h"

#include "base/auto.h"
#include "base/child.h"
#include "base/error.h"
#include "base/log.h"
#include "base/notify.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
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
#define UNIX_PREFIX "unix:"

struct lmtp_socket {
    int fd;        // listening, non-blocking
    char *address; // as it was asked for; NULL: inherited
    bool made;     // there is a socket file of ours
};

static void socket_free(gpointer data)
{
    struct lmtp_socket *one = data;
    close(one->fd);
    g_free(one->address);
    g_free(one);
}

void lmtp_listener_init(struct lmtp_listener *listener)
{
    *listener = (struct lmtp_listener){.sockets = g_ptr_array_new_with_free_func(socket_free)};
}

static struct lmtp_socket *socket_at(const struct lmtp_listener *listener, guint i)
{
    return g_ptr_array_index(listener->sockets, i);
}

// Removes the Ith socket; its file too when it was made here and UNMAKE.
static void drop_socket(struct lmtp_listener *listener, guint i, bool unmake)
{
    const struct lmtp_socket *one = socket_at(listener, i);
    if (unmake && one->made)
        unlink(one->address + strlen(UNIX_PREFIX));
    g_ptr_array_remove_index(listener->sockets, i);
}

static void drop_sockets(struct lmtp_listener *listener, bool unmake)
{
    while (listener->sockets->len > 0)
        drop_socket(listener, listener->sockets->len - 1, unmake);
}

void lmtp_listener_clear(struct lmtp_listener *listener)
{
    drop_sockets(listener, true);
    g_ptr_array_unref(listener->sockets);
    lmtp_peers_clear(&listener->peers);
}

void lmtp_listener_keep(struct lmtp_listener *listener, const char *const *addresses)
{
    for (guint i = listener->sockets->len; i-- > 0;) {
        const char *address = socket_at(listener, i)->address;
        if (address && !g_strv_contains(addresses, address))
            drop_socket(listener, i, true);
    }
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

// The file is born with its rights: what stands at its path a moment later may be another's. Only
// root may choose any group that way.
static int bind_file(int fd, const struct sockaddr_un *address,
                     const struct lmtp_socket_rights *rights)
{
    bool root = geteuid() == 0;
    mode_t mask = umask(0777 & ~rights->mode);
    gid_t group = rights->has_group && root ? (gid_t)setfsgid(rights->group) : 0;
    int failed = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    if (rights->has_group && root)
        setfsgid(group);
    umask(mask);
    struct stat made;
    if (failed || !rights->has_group)
        return failed;
    if (lstat(address->sun_path, &made) != 0)
        return errno;
    // We are not root, or the directory hands its own group on.
    bool done = made.st_gid == rights->group || fchownat(AT_FDCWD, address->sun_path, (uid_t)-1,
                                                         rights->group, AT_SYMLINK_NOFOLLOW) == 0;
    return done ? 0 : errno;
}

static int listen_unix(const char *path, const struct lmtp_socket_rights *rights, GError **err)
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
    int failed = fd < 0 ? errno : bind_file(fd, &address, rights);
    if (failed) {
        mda_fail_errno(err, failed, "bind %s", path);
        return -1;
    }
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

static bool take_socket(struct lmtp_listener *listener, int fd, const char *address, GError **err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        int code = errno;
        close(fd);
        return mda_fail_errno(err, code, "socket %d", fd);
    }
    struct lmtp_socket *one = g_new0(struct lmtp_socket, 1);
    *one = (struct lmtp_socket){
        .fd = fd,
        .address = g_strdup(address),
        .made = address && g_str_has_prefix(address, UNIX_PREFIX),
    };
    g_ptr_array_add(listener->sockets, one);
    return true;
}

static bool listens_at(const struct lmtp_listener *listener, const char *address)
{
    for (guint i = 0; i < listener->sockets->len; i++) {
        if (g_strcmp0(socket_at(listener, i)->address, address) == 0)
            return true;
    }
    return false;
}

bool lmtp_listener_add(struct lmtp_listener *listener, const char *address,
                       const struct lmtp_socket_rights *rights, GError **err)
{
    mda_autofd fd = -1;
    if (listens_at(listener, address))
        return true;
    if (g_str_has_prefix(address, UNIX_PREFIX))
        fd = listen_unix(address + strlen(UNIX_PREFIX), rights, err);
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
    return take_socket(listener, mda_steal_fd(&fd), address, err);
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
    return take_socket(listener, fd, NULL, err);
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

int lmtp_signals(GError **err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) != 0) {
        mda_fail_errno(err, errno, "block signals");
        return -1;
    }
    return signal_descriptor(signals, G_N_ELEMENTS(signals), err);
}

enum lmtp_asked lmtp_asked(int signals)
{
    struct signalfd_siginfo info;
    enum lmtp_asked asked = LMTP_ASKED_NOTHING;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            asked = MAX(asked, LMTP_ASKED_RELOAD);
        else if (info.ssi_signo != SIGCHLD)
            asked = LMTP_ASKED_END;
    }
    return asked;
}

static void reap(GArray *children)
{
    int status;
    pid_t pid;
    while ((pid = child_reap_any(&status)) > 0) {
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
    drop_sockets(listener, false);
    mda_autofd signals = lmtp_signals(&err);
    if (signals < 0)
        log_line(LOG_LEVEL_WARNING, "lmtp: %s", err->message);
    listener->serve(listener->data, fd, signals);
    _exit(0);
}

// Whoever is sent away, or only dropped, tries again.
static void send_away(int fd, const char *reply)
{
    if (send(fd, reply, strlen(reply), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_line(LOG_LEVEL_DEBUG, "lmtp: %s", g_strerror(errno));
}

static bool may_enter(const struct lmtp_listener *listener, int fd)
{
    g_autofree char *who = NULL;
    if (lmtp_peers_allow(&listener->peers, fd, &who))
        return true;
    log_line(LOG_LEVEL_WARNING, "lmtp: %s is not among [lmtp] peers", who);
    send_away(fd, "421 4.7.0 you are not served here\r\n");
    return false;
}

// Takes one connection in, if there still is one.
static void take_connection(struct lmtp_listener *listener, int socket, int ended, GArray *children)
{
    mda_autofd fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        log_line(LOG_LEVEL_WARNING, "lmtp: accept: %s", g_strerror(errno));
        g_usleep(PAUSE_MILLISECONDS * 1000);
    }
    if (fd < 0 || !may_enter(listener, fd))
        return;
    struct child copy;
    const bool started = child_start(&copy, CHILD_APART);
    if (started && copy.pid == 0)
        become_connection(listener, fd, ended);
    if (started) {
        g_array_append_val(children, copy.pid);
    } else {
        log_line(LOG_LEVEL_WARNING, "lmtp: fork: %s", g_strerror(errno));
        send_away(fd, "421 4.3.2 too busy, come again\r\n");
        g_usleep(PAUSE_MILLISECONDS * 1000);
    }
}

static void tell_connections(GArray *children, int signal)
{
    for (guint i = 0; i < children->len; i++)
        kill(g_array_index(children, pid_t, i), signal);
}

// Does what the signals that came ask for. True: to end.
static bool hear_signals(struct lmtp_listener *listener, int signals, GArray *children)
{
    enum lmtp_asked asked = lmtp_asked(signals);
    reap(children);
    if (asked == LMTP_ASKED_RELOAD) {
        listener->reload(listener->data);
        tell_connections(children, SIGHUP);
    }
    return asked == LMTP_ASKED_END;
}

// Waits for clients and signals, and takes them in. False when the server is to end.
static bool serve_once(struct lmtp_listener *listener, int signals, GArray *children)
{
    guint sockets = listener->sockets->len;
    // At the limit new connections wait in the kernel.
    bool room = children->len < listener->connections_max;
    g_autofree struct pollfd *wait = g_new0(struct pollfd, sockets + 1);
    wait[0] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (guint i = 0; i < sockets; i++)
        wait[i + 1] =
            (struct pollfd){.fd = room ? socket_at(listener, i)->fd : -1, .events = POLLIN};
    int ready = poll(wait, sockets + 1, -1);
    if (ready < 0 && errno != EINTR) {
        log_line(LOG_LEVEL_ERROR, "lmtp: poll: %s", g_strerror(errno));
        g_usleep(PAUSE_MILLISECONDS * 1000);
    }
    // A signal may have changed what sockets there are.
    if (ready > 0 && wait[0].revents)
        return !hear_signals(listener, signals, children);
    for (guint i = 0; ready > 0 && i < sockets; i++) {
        if (wait[i + 1].revents && children->len < listener->connections_max)
            take_connection(listener, wait[i + 1].fd, signals, children);
    }
    return true;
}

// Connections that deliver finish that first.
static void end_connections(GArray *children)
{
    tell_connections(children, SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

bool lmtp_listener_run(struct lmtp_listener *listener, GError **err)
{
    static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    mda_autofd signals = signal_descriptor(wanted, G_N_ELEMENTS(wanted), err);
    if (signals < 0)
        return false;
    // Now, and not before, a signal is heard.
    log_line(LOG_LEVEL_INFO, "lmtp: ready");
    notify_manager(NOTIFY_READY);
    g_autoptr(GArray) children = g_array_new(FALSE, FALSE, sizeof(pid_t));
    while (serve_once(listener, signals, children))
        continue;
    notify_manager(NOTIFY_STOPPING);
    drop_sockets(listener, true);
    end_connections(children);
    return true;
}
