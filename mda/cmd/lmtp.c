// SPDX-License-Identifier: MIT
// backstop lmtp: the server. Its sockets are those that systemd or the like passes on, else those
// of [lmtp] listen; without any it serves one connection on standard input and output.
#include "base/auto.h"
#include "base/error.h"
#include "base/log.h"
#include "base/survive.h"
#include "cmd/command.h"
#include "cmd/lmtp-delivery.h"
#include "cmd/lmtp-mailbox.h"
#include "cmd/options.h"
#include "lmtp/listener.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECTIONS_MAX 10000
#define RECIPIENTS_MAX 100000

static char **listen_option;

static const GOptionEntry entries[] = {
    {"listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &listen_option,
     "Listen here, instead of at [lmtp] listen; may be given several times",
     "unix:PATH|inet:PORT@HOST"},
    G_OPTION_ENTRY_NULL};

static void converse(struct command_context *context, int in, int out, int stop)
{
    const struct conf *conf = context->conf;
    struct lmtp_limits limits = {
        .host = g_get_host_name(),
        .recipients = (guint)CLAMP(conf_number(conf, CONF_LMTP_RECIPIENTS), 1, RECIPIENTS_MAX),
        .size = (guint64)conf_number(conf, CONF_LMTP_MESSAGE_SIZE),
    };
    struct lmtp_service service = {
        .context = context,
        .connection = {.in = in,
                       .out = out,
                       .stop = stop,
                       .idle_milliseconds = conf_milliseconds(conf, CONF_LMTP_TIMEOUT)},
    };
    struct lmtp_handler handler = lmtp_delivery_handler(&service);
    g_autoptr(LmtpSession) session = lmtp_session_new(&limits, &handler);
    service.connection.session = session;
    lmtp_connection_serve(&service.connection);
    lmtp_service_finish(&service);
}

static void serve(gpointer data, int fd, int stop)
{
    converse(data, fd, fd, stop);
}

// Puts /dev/null in the place of descriptor FD and returns the file that was there, out of the
// reach of what deliveries start or print.
static int move_away(int fd, GError **err)
{
    mda_autofd moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    mda_autofd null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (moved < 0 || null < 0 || dup2(null, fd) < 0) {
        mda_fail_errno(err, errno, "descriptor %d", fd);
        return -1;
    }
    return mda_steal_fd(&moved);
}

static bool is_same_file(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// One client on IN and OUT. inetd makes standard error the connection too, where no log belongs.
static bool serve_one(struct command_context *context, int in, int out, GError **err)
{
    bool error_is_client = is_same_file(2, out);
    mda_autofd moved_in = move_away(in, err);
    mda_autofd moved_out = moved_in < 0 || in == out ? -1 : move_away(out, err);
    if (moved_in < 0 || (in != out && moved_out < 0))
        return false;
    mda_autofd error = error_is_client ? move_away(2, err) : -1;
    mda_autofd stop = lmtp_stop_signals(err);
    if ((error_is_client && error < 0) || stop < 0)
        return false;
    mda_close_fd(&error);
    converse(context, moved_in, in == out ? moved_in : moved_out, stop);
    return true;
}

static bool add_sockets(struct lmtp_listener *listener, const struct conf *conf, GError **err)
{
    const char *const *addresses =
        listen_option ? (const char *const *)listen_option : conf_list(conf, CONF_LMTP_LISTEN);
    const char *mode_text = conf_string(conf, CONF_LMTP_SOCKET_MODE);
    char *rest = NULL;
    guint64 mode = g_ascii_strtoull(mode_text, &rest, 8);
    if (!*mode_text || *rest || mode > 0777)
        return mda_fail(err, MDA_ERROR_CONFIG, "[lmtp] socket-mode: %s is no octal mode",
                        mode_text);
    for (; *addresses; addresses++) {
        if (!lmtp_listener_add(listener, *addresses, (mode_t)mode, err))
            return false;
    }
    return true;
}

static bool serve_many(struct command_context *context, guint inherited, GError **err)
{
    struct lmtp_listener listener;
    lmtp_listener_init(&listener);
    bool done = true;
    for (guint i = 0; i < inherited && done; i++)
        done = lmtp_listener_take(&listener, LMTP_FIRST_INHERITED + (int)i, err);
    if (done && inherited == 0)
        done = add_sockets(&listener, context->conf, err);
    listener.connections_max =
        (guint)CLAMP(conf_number(context->conf, CONF_LMTP_CONNECTIONS), 1, CONNECTIONS_MAX);
    listener.serve = serve;
    listener.data = context;
    if (done) {
        log_line(LOG_LEVEL_INFO, "lmtp: ready");
        done = lmtp_listener_run(&listener, err);
    }
    lmtp_listener_clear(&listener);
    return done;
}

// Before a client is kept waiting for what can never work.
static bool check_settings(const struct conf *conf, GError **err)
{
    const char *home = conf_string(conf, CONF_LMTP_HOME);
    if (!*home)
        return true;
    if (geteuid() == 0)
        return mda_fail(err, MDA_ERROR_CONFIG,
                        "[lmtp] home is for a server that runs as the user who owns the virtual "
                        "users' mail, and this one runs as root");
    g_autofree char *tried = lmtp_expand_home(home, "ann", "example.org", err);
    return tried != NULL;
}

static bool run(struct command_context *context, GError **err)
{
    // Root's own settings are nobody else's; each delivery reads its user's. GLib must not be asked
    // for the home directory: it would never tell another one.
    const char *home = geteuid() == 0 ? NULL : getenv("HOME");
    if (!options_configure(context, home ? home : "", err) || !check_settings(context->conf, err))
        return false;
    guint inherited = lmtp_inherited_sockets();
    if (inherited == 1 && !lmtp_is_listening(LMTP_FIRST_INHERITED))
        return serve_one(context, LMTP_FIRST_INHERITED, LMTP_FIRST_INHERITED, err);
    if (inherited > 0 || listen_option || *conf_list(context->conf, CONF_LMTP_LISTEN))
        return serve_many(context, inherited, err);
    return serve_one(context, STDIN_FILENO, STDOUT_FILENO, err);
}

int cmd_lmtp(struct command_context *context, int argc, char **argv)
{
    if (!options_parse(context, entries, "",
                       "Takes messages from an MTA that speaks LMTP and delivers them: at the "
                       "sockets of [lmtp] listen, or from one client on standard input and output.",
                       &argc, &argv))
        return STATUS_USAGE;
    survive_reset();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    g_autoptr(GError) err = NULL;
    if (run(context, &err))
        return STATUS_OK;
    log_line(LOG_LEVEL_ERROR, "lmtp: %s", err->message);
    fprintf(stderr, "backstop lmtp: %s\n", err->message);
    return STATUS_TEMPFAIL;
}
