// SPDX-License-Identifier: MIT
// backstop lmtp: the server. Its sockets are those that systemd or the like passes on, else those
// of [lmtp] listen; without any it serves one connection on standard input and output.
#include "base/auto.h"
#include "base/error.h"
#include "base/group.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/survive.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "delivery/dovecot.h"
#include "lmtp/listener.h"
#include "lmtp/lmtp-delivery.h"
#include "lmtp/lmtp-mailbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECTIONS_MAX 10000
#define RECIPIENTS_MAX 100000
// An MTA that keeps a connection asks with a NOOP or RSET now and then whether it still is one.
#define COMMANDS_MAX 100

static char **listen_option;

static const GOptionEntry entries[] = {
    {"listen", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &listen_option,
     "Listen here, instead of at [lmtp] listen; may be given several times",
     "unix:PATH|inet:PORT@HOST"},
    G_OPTION_ENTRY_NULL};

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

// Root's own settings are nobody else's; each delivery reads its user's. GLib must not be asked for
// the home directory: it would never tell another one.
static bool configure(struct command_context *context, GError **err)
{
    const char *home = geteuid() == 0 ? NULL : getenv("HOME");
    g_autoptr(Conf) site = conf_new(NULL);
    return dovecot_load_site(site, "lmtp", err) &&
           conf_load(context->conf, home ? home : "", err) && check_settings(context->conf, err);
}

// Reads the settings again. When there is anything wrong with them the former ones stay in force.
static bool reconfigure(struct command_context *context)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Conf) conf = conf_new(NULL);
    struct command_context fresh = {.conf = conf, .program = context->program};
    bool sound = configure(&fresh, &err);
    if (sound && conf_warnings(conf)->len > 0)
        sound = mda_fail(&err, MDA_ERROR_CONFIG, "%s",
                         (const char *)g_ptr_array_index(conf_warnings(conf), 0));
    if (sound)
        conf_swap(context->conf, conf);
    conf_configure_log(context->conf);
    if (!sound)
        log_line(LOG_LEVEL_ERROR, "lmtp: the former settings stay in force: %s", err->message);
    return sound;
}

// A quarter of the connections at most delivers for one user, and a quarter waits for him.
static void set_turns(const struct conf *conf, struct turns *turns)
{
    gint64 asked = MAX(conf_number(conf, CONF_LMTP_USER_DELIVERIES), 0);
    gint64 share = CLAMP(conf_number(conf, CONF_LMTP_CONNECTIONS) / 4, 1, CONNECTIONS_MAX);
    turns->most = (guint)MIN(asked, share);
    turns->queue = (guint)share;
}

struct talk {
    struct command_context *context;
    struct lmtp_limits limits;
    struct turns turns;
    struct lmtp_service service;
};

static void set_limits(struct talk *talk)
{
    const struct conf *conf = talk->context->conf;
    talk->limits = (struct lmtp_limits){
        .host = g_get_host_name(),
        .recipients = (guint)CLAMP(conf_number(conf, CONF_LMTP_RECIPIENTS), 1, RECIPIENTS_MAX),
        .size = (guint64)conf_number(conf, CONF_LMTP_MESSAGE_SIZE),
        .commands = COMMANDS_MAX,
    };
    set_turns(conf, &talk->turns);
    talk->service.connection.idle_milliseconds = conf_milliseconds(conf, CONF_LMTP_TIMEOUT);
    talk->service.milliseconds = MAX(conf_milliseconds(conf, CONF_LMTP_DELIVERY_TIMEOUT), 1000);
}

static void reload_talk(gpointer data)
{
    struct talk *talk = data;
    if (reconfigure(talk->context))
        set_limits(talk);
}

static void converse(struct command_context *context, const struct turns *turns, int in, int out,
                     int signals)
{
    struct talk talk = {.context = context, .turns = *turns};
    talk.service = (struct lmtp_service){
        .conf = context->conf,
        .turns = &talk.turns,
        .connection =
            {.in = in, .out = out, .signals = signals, .reload = reload_talk, .data = &talk},
    };
    g_snprintf(talk.service.session, sizeof talk.service.session, "%08x%08x", g_random_int(),
               g_random_int());
    set_limits(&talk);
    struct lmtp_handler handler = lmtp_delivery_handler(&talk.service);
    g_autoptr(LmtpSession) session = lmtp_session_new(&talk.limits, &handler);
    talk.service.connection.session = session;
    lmtp_connection_serve(&talk.service.connection);
    lmtp_service_finish(&talk.service);
}

// ---- One client

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
    mda_autofd signals = lmtp_signals(err);
    if ((error_is_client && error < 0) || signals < 0)
        return false;
    mda_close_fd(&error);
    if (error_is_client && !log_keep_stderr())
        return mda_fail_errno(err, errno, "standard error");
    const struct turns nobody_else = TURNS_NONE;
    converse(context, &nobody_else, moved_in, in == out ? moved_in : moved_out, signals);
    return true;
}

// ---- Many clients

struct server {
    struct command_context *context;
    struct lmtp_listener listener;
    struct turns turns;
    bool inherited; // the sockets are not ours to choose
};

static void serve(gpointer data, int fd, int signals)
{
    const struct server *server = data;
    converse(server->context, &server->turns, fd, fd, signals);
}

static bool socket_rights(const struct conf *conf, struct lmtp_socket_rights *rights_r,
                          GError **err)
{
    const char *mode_text = conf_string(conf, CONF_LMTP_SOCKET_MODE);
    const char *group = conf_string(conf, CONF_LMTP_SOCKET_GROUP);
    char *rest = NULL;
    guint64 mode = g_ascii_strtoull(mode_text, &rest, 8);
    if (!*mode_text || *rest || mode > 0777)
        return mda_fail(err, MDA_ERROR_CONFIG, "[lmtp] socket-mode: %s is no octal mode",
                        mode_text);
    *rights_r = (struct lmtp_socket_rights){.mode = (mode_t)mode, .has_group = *group != '\0'};
    return !rights_r->has_group || group_find(group, &rights_r->group, err);
}

// Brings the listener to what the settings say. False with *err, all else done.
static bool set_listener(struct server *server, GError **err)
{
    const struct conf *conf = server->context->conf;
    struct lmtp_listener *listener = &server->listener;
    struct lmtp_socket_rights rights;
    struct lmtp_peers peers;
    const char *const *addresses =
        listen_option ? (const char *const *)listen_option : conf_list(conf, CONF_LMTP_LISTEN);
    listener->connections_max =
        (guint)CLAMP(conf_number(conf, CONF_LMTP_CONNECTIONS), 1, CONNECTIONS_MAX);
    if (!lmtp_peers_parse(conf_list(conf, CONF_LMTP_PEERS), &peers, err))
        return false;
    lmtp_peers_clear(&listener->peers);
    listener->peers = peers;
    if (server->inherited)
        return true;
    if (!socket_rights(conf, &rights, err))
        return false;
    lmtp_listener_keep(listener, addresses);
    for (; *addresses; addresses++) {
        if (!lmtp_listener_add(listener, *addresses, &rights, err))
            return false;
    }
    return true;
}

static void reload_server(gpointer data)
{
    struct server *server = data;
    g_autoptr(GError) err = NULL;
    notify_manager(NOTIFY_RELOADING);
    if (reconfigure(server->context)) {
        set_turns(server->context->conf, &server->turns);
        if (set_listener(server, &err))
            log_line(LOG_LEVEL_INFO, "lmtp: the settings were read again");
        else
            log_line(LOG_LEVEL_ERROR, "lmtp: %s", err->message);
    }
    notify_manager(NOTIFY_READY);
}

static bool serve_many(struct command_context *context, guint inherited, GError **err)
{
    struct server server = {.context = context, .turns = TURNS_NONE, .inherited = inherited > 0};
    struct lmtp_listener *listener = &server.listener;
    lmtp_listener_init(listener);
    listener->serve = serve;
    listener->reload = reload_server;
    listener->data = &server;
    bool done = turns_open(&server.turns, err);
    set_turns(context->conf, &server.turns);
    for (guint i = 0; i < inherited && done; i++)
        done = lmtp_listener_take(listener, LMTP_FIRST_INHERITED + (int)i, err);
    done = done && set_listener(&server, err);
    if (done) {
        done = lmtp_listener_run(listener, err);
    }
    lmtp_listener_clear(listener);
    turns_close(&server.turns);
    return done;
}

static bool run(struct command_context *context, GError **err)
{
    if (!configure(context, err))
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
    // What stands at 1 and 2 is not for the programs of users.
    if (!log_keep_stderr())
        log_line(LOG_LEVEL_WARNING, "lmtp: standard error: %s", g_strerror(errno));
    if (run(context, &err))
        return STATUS_OK;
    log_line(LOG_LEVEL_ERROR, "lmtp: %s", err->message);
    fprintf(stderr, "backstop lmtp: %s\n", err->message);
    return STATUS_TEMPFAIL;
}
